import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorFromNative } from '../addon/refusal.js';
import { RoomError } from '../errors.js';
import type { VaultCore } from './core.js';
import type { Owner } from './checkpoints.js';
import type { Dropzone } from './dropzone.js';
import { refusalOf, type Refused } from './dropzone-entries.js';
import { removeTree } from './durable.js';
import { shownName } from './file-names.js';
import { BrokenArchive } from './nix-archive.js';
import { lockNix } from './nix-lock.js';
import { isStoreName, readRegistration, type NixPath } from './nix-path.js';
import { NixShelf, type NixShelfName } from './nix-shelf.js';

/** What an inbox is made for. */
export interface NixInboxOrder {
  readonly shelf: NixShelfName;
  readonly bytes: number;
  /** Ids on the host of who may write to it. */
  readonly owner: Owner;
}

/** A store path that is in the vault now. */
export interface KeptPath {
  /** `/nix/store/…` */
  readonly path: string;
  /** Of its archive: hex digits. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface KeptPaths {
  readonly kept: readonly KeptPath[];
  readonly refused: readonly Refused[];
}

const mostEntries = 200_000;
const longestRegistration = 2 ** 20;

/** What a room hands in, on its way to the vault: archives of store paths, and what Nix in the room says of each. */
export class NixInbox {
  readonly #core: VaultCore;
  readonly #dropzone: Dropzone;
  readonly #shelf: NixShelf;

  constructor(core: VaultCore, dropzone: Dropzone, shelf: NixShelfName) {
    this.#core = core;
    this.#dropzone = dropzone;
    this.#shelf = new NixShelf(core.layout.nix, shelf);
  }

  get fd(): number {
    return this.#dropzone.fd;
  }

  /** Idempotent; never fails. */
  close(): Promise<void> {
    return this.#dropzone.close();
  }

  /**
   * Verifies what the room left and keeps what is right, one commit at a time: a path is in the vault as a whole or not at all, and never without
   * those that it refers to. One that is there already stays as it is. Never rejects.
   */
  async commit(room: string): Promise<KeptPaths> {
    const kept: KeptPath[] = [];
    const refused: Refused[] = [];
    const transaction = randomUUID();
    try {
      await this.#dropzone.seal();
      const lock = await lockNix(this.#core);
      try {
        const offered = await this.#read(refused);
        const entry = { operation: 'keep', transaction, from: `room ${room}` } as const;
        if (offered.length > 0) await this.#record({ ...entry, phase: 'begin' });
        for (const path of offered) {
          const reference = `nix/${path.name}`;
          try {
            if (!(await this.#keep(path))) continue;
            const { name, sha256, bytes } = path;
            kept.push({ path: `/nix/store/${name}`, sha256, bytes });
            await this.#record({ ...entry, phase: 'done', reference, bytes, sha256 });
          } catch (error) {
            const refusal = refusalOfPath(JSON.stringify(path.name), error);
            refused.push(refusal);
            const { code, why: message } = refusal;
            await this.#record({ ...entry, phase: 'failed', reference, code, message });
          }
        }
        await removeTree(this.#core.layout.nix.stage);
      } finally {
        lock.release();
      }
    } catch (error) {
      refused.push(refusalOf('', error));
    }
    return { kept, refused };
  }

  #record(entry: Parameters<VaultCore['audit']['append']>[0]): Promise<void> {
    return this.#core.change(() => this.#core.audit.append(entry));
  }

  /** False: the vault has it. */
  async #keep(path: NixPath): Promise<boolean> {
    const there = await this.#shelf.find(path.name);
    if (there !== null) {
      if (there.sha256 === path.sha256) return false;
      throw new RoomError(
        'ERR_VAULT_DIGEST',
        `the vault has it with other content (${there.sha256}, handed in ${path.sha256})`,
      );
    }
    for (const reference of path.references) {
      if (reference !== path.name && (await this.#shelf.find(reference)) === null)
        throw new RoomError('ERR_VAULT_SOURCE', `it refers to ${reference}, which is not in the vault`);
    }
    const archive = await this.#open(`${path.name}.nar`);
    try {
      await this.#shelf.add(path, archive);
    } finally {
      await archive.close();
    }
    return true;
  }

  /** All that has the right form, what is referred to first. */
  async #read(refused: Refused[]): Promise<readonly NixPath[]> {
    const root = `/proc/self/fd/${this.fd}`;
    const listing = await this.#core.addon.listTree(root, mostEntries).catch((error: unknown) => {
      throw errorFromNative(error);
    });
    const files = new Map<string, string>();
    for (const { path, kind, links } of listing) {
      const name = Buffer.from(path).toString('latin1');
      const [, base = '', ending = ''] = /^(.*)\.(nar|path)$/s.exec(name) ?? [];
      if (kind === 'file' && links === 1 && isStoreName(base)) files.set(name, ending);
      // What a build left that was ended half-way.
      else if (kind !== 'file' || !name.startsWith('.'))
        refused.push({
          entry: shownName(path),
          code: 'ERR_VAULT_SOURCE',
          why: 'it is nothing that Nix hands in',
        });
    }
    const paths = new Map<string, NixPath>();
    for (const [file, ending] of files) {
      if (ending !== 'path') continue;
      const base = file.slice(0, -'.path'.length);
      const known = await this.#registration(file);
      if (known?.name === base && files.has(`${base}.nar`)) paths.set(base, known);
      else
        refused.push({
          entry: JSON.stringify(base),
          code: 'ERR_VAULT_SOURCE',
          why: 'what is said of it is malformed',
        });
    }
    return inOrder(paths);
  }

  async #registration(file: string): Promise<NixPath | null> {
    const handle = await this.#open(file);
    try {
      const { size } = await handle.stat();
      return size > longestRegistration ? null : readRegistration(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  }

  #open(file: string): ReturnType<typeof open> {
    return open(
      `/proc/self/fd/${this.fd}/${file}`,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  }
}

/** Those that others refer to before them. In circles nobody has them. Pure. */
function inOrder(paths: ReadonlyMap<string, NixPath>): readonly NixPath[] {
  const ordered = new Set<NixPath>();
  const visiting = new Set<string>();
  const visit = (name: string): void => {
    const path = paths.get(name);
    if (path === undefined || ordered.has(path) || visiting.has(name)) return;
    visiting.add(name);
    for (const reference of path.references) visit(reference);
    ordered.add(path);
  };
  for (const name of [...paths.keys()].sort()) visit(name);
  return [...ordered];
}

function refusalOfPath(entry: string, error: unknown): Refused {
  if (!(error instanceof BrokenArchive)) return refusalOf(entry, error);
  return { entry, code: 'ERR_VAULT_SOURCE', why: `its archive is broken: ${error.message}` };
}
