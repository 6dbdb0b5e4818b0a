import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';
import { requireTool, runTool } from '../plank/tool.js';
import type { VaultKind } from '../spec/vault-kinds.js';
import { CheckpointFolder, isCheckpoints, type Collected, type Kept, type Owner } from './checkpoints.js';
import type { VaultCore } from './core.js';
import { mostEntries, refusalOf, sortOut, type DropEntry, type Refused } from './dropzone-entries.js';
import type { Duplicates } from './duplicates.js';
import type { StoredSource } from './meta.js';
import { store } from './put.js';
import { requireSpace } from './space.js';
import { attempt } from './system-error.js';

/** What a dropzone is made for. */
export interface DropzoneOrder {
  readonly kind: VaultKind;
  readonly bytes: number;
  /** Ids on the host of who may write to it. */
  readonly owner: Owner;
  /** Whether the room may have things kept while it runs. */
  readonly checkpoints: boolean;
}

/** How it is collected. */
export interface CollectOrder {
  /** Whether what is kept becomes the active generation of its name. The first one always does. */
  readonly activate: boolean;
  readonly source: StoredSource & { readonly room: string; readonly path: string };
}

/** open(2): the file has no name, so it is gone with its last descriptor. asm-generic/fcntl.h; Node has no constant for it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

const block = 4096;

/** Whoever was ended a moment ago may still be on the way out. */
const patience = 2000;

/**
 * An ext4 file system in a file without a name on the vault's disk: docs/decisions/019-dropzones-on-loop-devices.md says why. Whatever ends this process,
 * the kernel takes it away.
 */
export async function makeDropzone(
  core: VaultCore,
  duplicates: Duplicates,
  order: DropzoneOrder,
  closed: () => void,
): Promise<Dropzone> {
  await core.requireSame();
  const bytes = order.bytes - (order.bytes % block);
  await requireSpace(core.layout.root, [{ size: bytes, allocated: bytes }], 'vault.dropzone');
  const { stage } = core.layout;
  const mkfs = await requireTool('mkfs.ext4', 'ERR_VAULT_DROPZONE');
  return attempt('vault.dropzone', stage, async () => {
    const image = await open(stage, constants.O_RDWR | O_TMPFILE | constants.O_EXCL, 0o600);
    try {
      await image.truncate(bytes);
      const file = `/proc/${process.pid}/fd/${image.fd}`;
      const made = await runTool({ path: mkfs, args: [...mkfsArguments(bytes), file] });
      if (!made.ok) throw unmade(`mkfs.ext4 ${made.how}: ${made.stderr.trim()}`);
      const fd = await core.addon.makeDropzone(image.fd, bytes, order.owner.uid, order.owner.gid).catch(fail);
      const checkpoints = order.checkpoints ? await makeCheckpoints(core, fd, order.owner) : null;
      return new Dropzone({ core, duplicates, kind: order.kind, bytes, closed, checkpoints }, fd);
    } finally {
      await image.close();
    }
  });
}

/** No journal: after a crash there is nobody to read it. No reserved blocks: the room is not root. No more inodes than are collected. */
function mkfsArguments(bytes: number): readonly string[] {
  const inodes = Math.min(Math.max(256, Math.floor(bytes / 16_384)), mostEntries);
  const features = '^has_journal,^resize_inode';
  const extended = 'nodiscard,lazy_itable_init=1';
  return ['-q', '-F', '-b', String(block), '-m', '0', '-N', String(inodes), '-O', features, '-E', extended];
}

interface DropzoneParts {
  readonly core: VaultCore;
  readonly duplicates: Duplicates;
  readonly kind: VaultKind;
  readonly bytes: number;
  readonly closed: () => void;
  readonly checkpoints: CheckpointFolder | null;
}

async function makeCheckpoints(core: VaultCore, fd: number, owner: Owner): Promise<CheckpointFolder> {
  try {
    return await CheckpointFolder.make(fd, owner);
  } catch (error) {
    await core.addon.closeDropzone(fd).catch(() => undefined);
    throw error;
  }
}

/** What a room may write to, and what comes of it. */
export class Dropzone {
  readonly #parts: DropzoneParts;
  #closing: Promise<void> | undefined;

  constructor(
    parts: DropzoneParts,
    /** Of the mount. */
    readonly fd: number,
  ) {
    this.#parts = parts;
  }

  /**
   * Brings what is in it into the vault, each file and directory at its top as a new generation: all of it or nothing. Before, the kernel is
   * told that nobody writes to it any more, so nothing can be exchanged between a look and a copy. Never rejects.
   */
  async collect(order: CollectOrder): Promise<Collected> {
    const { core, kind, bytes, checkpoints } = this.#parts;
    const root = `/proc/self/fd/${this.fd}`;
    const kept: Kept[] = [];
    const refused: Refused[] = [];
    try {
      await this.seal();
      const all = await core.addon.listTree(root, mostEntries).catch(fail);
      const left = checkpoints === null ? all : all.filter(({ path }) => !isCheckpoints(path));
      const listed = sortOut(left, kind, bytes);
      refused.push(...listed.refused);
      for (const entry of listed.entries) {
        try {
          kept.push(await this.#store(root, entry, order));
        } catch (error) {
          refused.push(refusalOf(JSON.stringify(entry.name), error));
        }
      }
    } catch (error) {
      refused.push(refusalOf('', error));
    }
    return { kept, refused };
  }

  /**
   * Brings one thing that the room moved to `.checkpoints` into the vault; null: there is none. The room runs and may do as it likes
   * meanwhile: what is half written, or changed under way, is refused. It does not become the active generation, unless it is the first of its
   * name: what its room comes to is not known yet. Never rejects.
   */
  async checkpoint(source: CollectOrder['source']): Promise<Collected | null> {
    const { core, kind, bytes, checkpoints } = this.#parts;
    if (checkpoints === null) return null;
    try {
      return await checkpoints.next(async (root) => {
        const all = await core.addon.listTree(root, mostEntries).catch(fail);
        const { entries, refused } = sortOut(all, kind, bytes);
        const [entry] = entries;
        if (entry === undefined) return { kept: [], refused };
        const paths = entry.source.files.map((file) => file.source);
        await core.addon.requireNoWriters(root, paths).catch(fail);
        return { kept: [await this.#store(root, entry, { activate: false, source })], refused };
      });
    } catch (error) {
      return { kept: [], refused: [refusalOf('', error)] };
    }
  }

  /** Idempotent; never fails. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#parts.checkpoints?.close();
    await this.#parts.core.addon.closeDropzone(this.fd).catch(() => undefined);
    this.#parts.closed();
  }

  async #store(
    root: string,
    { name, source }: DropEntry,
    { activate, source: from }: CollectOrder,
  ): Promise<Kept> {
    const { core, duplicates, kind } = this.#parts;
    const path = `${from.path}/${name}`;
    const { reference, meta } = await store(
      core,
      duplicates,
      { kind, name, generation: null },
      { source: { ...source, root }, from: `room ${from.room}: ${path}` },
      { activate, source: { ...from, path } },
    );
    return { reference, sha256: meta.sha256, size: meta.size };
  }

  /** Nobody writes to it any more, whoever has it open; waits a moment for those. Throws ERR_VAULT_DROPZONE. */
  async seal(): Promise<void> {
    const { addon } = this.#parts.core;
    const since = performance.now();
    for (;;) {
      try {
        await addon.sealDropzone(this.fd).catch(fail);
        return;
      } catch (error) {
        if ((error as Partial<RoomError>).errno !== -EBUSY || performance.now() - since > patience)
          throw error;
        await sleep(20);
      }
    }
  }
}

const EBUSY = 16;

function fail(error: unknown): never {
  throw errorFromNative(error);
}

function unmade(why: string): RoomError {
  return new RoomError('ERR_VAULT_DROPZONE', `cannot make a dropzone: ${why}`);
}
