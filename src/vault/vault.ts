import { randomUUID } from 'node:crypto';
import { requireSignal, type Abortable } from '../abort.js';
import { RoomError } from '../errors.js';
import { keysOf, readFields } from '../spec/field.js';
import { readPath } from '../spec/path.js';
import { readFlag, readInteger, readText } from '../spec/scalar.js';
import { linkGeneration } from './activate.js';
import type { LogVerification } from './audit-log.js';
import type { AuditEntry, AuditRecord } from './audit-record.js';
import { collect, type Collection, type CollectOptions } from './collect.js';
import type { VaultCore } from './core.js';
import { makeDropzone, type Dropzone, type DropzoneOrder } from './dropzone.js';
import { Duplicates } from './duplicates.js';
import type { Located } from './generations.js';
import { get, type GetResult } from './get.js';
import { vaultKinds, type VaultKind } from '../spec/vault-kinds.js';
import { takeLease, type Lease } from './leases.js';
import { list, type VaultEntry } from './list.js';
import type { Marker } from './marker.js';
import type { GenerationMeta } from './meta.js';
import { initVault, openCore } from './open-vault.js';
import { NixInbox, type NixInboxOrder } from './nix-inbox.js';
import type { NixLayout } from './nix-layout.js';
import { haveNix, holdShared, lockNix } from './nix-lock.js';
import { put, type PutOptions, type PutResult } from './put.js';
import {
  parseGeneration,
  parseName,
  parseReference,
  readKind,
  referenceText,
  type Reference,
} from '../spec/vault-reference.js';
import { remove } from './remove.js';
import type { TransferOptions } from './transfer.js';
import { checkPut, checkTransfer, transferKeys } from './transfer-options.js';
import { verifyVault } from './verify-vault.js';
import type { VaultVerification } from './verify.js';

/** How a vault is made. */
export interface VaultInitOptions {
  /** It is on a file system of its own: refused, now and whenever it is opened, when that is not mounted. Default false. */
  mounted?: boolean;
}

/** How a vault is opened. */
export interface VaultOpenOptions {
  /** Refuses any other vault than the one with this id. */
  id?: string;
}

/** One generation of one name. */
export interface Generation {
  /** `kind/name@generation` */
  readonly reference: string;
  readonly generation: number;
  readonly active: boolean;
  readonly meta: GenerationMeta;
  /** The file or directory. Never write to it; hold a lease while you use it. */
  readonly path: string;
}

/**
 * The memory of an Anchor: files and directories under names, in generations that never change. Several processes and Anchors
 * may use one vault. Everything that changes it is all or nothing, whatever ends in the middle, power included.
 */
export class Vault {
  /** Without symbolic links. */
  readonly path: string;
  /** A UUID that it keeps wherever it is. */
  readonly id: string;
  /** ISO 8601. */
  readonly created: string;
  readonly #core: VaultCore;
  readonly #duplicates = new Duplicates();
  readonly #leases = new Set<Lease>();
  readonly #dropzones = new Set<Dropzone>();
  readonly #pending = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  private constructor(core: VaultCore, { id, created }: Marker) {
    this.#core = core;
    this.path = core.layout.root;
    this.id = id;
    this.created = created;
  }

  /**
   * Makes an empty or missing directory a vault, and opens it. Throws ERR_VAULT_EXISTS, ERR_VAULT_NOT_MOUNTED (`mounted`, or the
   * directory is a mount point of /etc/fstab), ERR_VAULT_IO and their like.
   */
  static async init(path: string, options: VaultInitOptions = {}): Promise<Vault> {
    const { mounted } = readFields(options, 'options', keysOf<VaultInitOptions>({ mounted: true }));
    const root = await initVault(readPath(path, 'path', 'a path'), readFlag(mounted, 'mounted', false));
    return Vault.open(root);
  }

  /** Opens a vault. Throws ERR_VAULT_NOT_FOUND, ERR_VAULT_NOT_MOUNTED, ERR_VAULT_OTHER, ERR_VAULT_INVALID. */
  static async open(path: string, options: VaultOpenOptions = {}): Promise<Vault> {
    const { id } = readFields(options, 'options', keysOf<VaultOpenOptions>({ id: true }));
    const { core, marker } = await openCore(
      readPath(path, 'path', 'a path'),
      id === undefined ? null : readText(id, 'id'),
    );
    return new Vault(core, marker);
  }

  /** Names with their generations, of one kind or of all. */
  async list(kind?: VaultKind): Promise<readonly VaultEntry[]> {
    const kinds = kind === undefined ? vaultKinds : [readKind(kind, 'kind')];
    return this.#track(() => list(this.#core, kinds));
  }

  /** One generation; without a number the active one. Throws ERR_VAULT_NO_ENTRY, ERR_VAULT_DAMAGED. */
  async inspect(reference: string): Promise<Generation> {
    const parsed = parseReference(reference);
    return this.#track(async () => {
      await this.#core.requireSame();
      return this.#describe(await this.#core.generations.locate(parsed));
    });
  }

  /**
   * Which generation a reference means and where it is: `inspect()` without reading what is said of it. Hold a lease while you use
   * it.
   */
  async locate(reference: string): Promise<Pick<Generation, 'reference' | 'generation' | 'path'>> {
    const parsed = parseReference(reference);
    return this.#track(async () => {
      await this.#core.requireSame();
      const located = await this.#core.generations.locate(parsed);
      const { kind, name, generation } = located;
      const path = this.#core.layout.content(kind, name, generation);
      return { reference: referenceText(located), generation, path };
    });
  }

  /**
   * Stores a file or directory as a new generation, and makes it the active one. Resolves when it is on the disk and was read back from it; until
   * then nothing has changed. Rejects with a RoomError, or with `signal.reason`, once nothing is left of the attempt.
   */
  async put(reference: string, source: string, options: PutOptions = {}): Promise<PutResult> {
    const parsed = parseName(reference);
    const path = readPath(source, 'source', 'a path of a file or directory');
    checkPut(options);
    return this.#track(() => put(this.#core, this.#duplicates, parsed, path, options));
  }

  /** Copies a generation out, to a path that does not exist yet. */
  async get(reference: string, target: string, options: TransferOptions = {}): Promise<GetResult> {
    const parsed = parseReference(reference);
    const path = readPath(target, 'target', 'a path that does not exist yet');
    checkTransfer(options, transferKeys);
    return this.#track(() => this.#using(parsed, (located) => get(this.#core, located, path, options)));
  }

  /** Makes a generation the active one. */
  async activate(reference: string): Promise<Generation> {
    const parsed = parseGeneration(reference);
    return this.#track(() => this.#switch('activate', parsed, () => Promise.resolve(parsed.generation)));
  }

  /** Makes the newest generation that is older than the active one the active one. */
  async rollback(reference: string): Promise<Generation> {
    const parsed = parseName(reference);
    return this.#track(() =>
      this.#switch('rollback', parsed, async (active) => {
        const older = (await this.#core.generations.of(parsed.kind, parsed.name)).filter(
          (each) => each < active,
        );
        const generation = older.at(-1);
        if (generation !== undefined) return generation;
        throw new RoomError('ERR_VAULT_NO_ENTRY', `${reference} has no generation before ${active}`, {
          path: this.#core.layout.link(parsed.kind, parsed.name),
        });
      }),
    );
  }

  /**
   * Removes a generation that is not active, or a name with all of its generations. Throws ERR_VAULT_IN_USE. Returns what was
   * removed, as `kind/name@generation`.
   */
  async remove(reference: string, { signal }: Abortable = {}): Promise<readonly string[]> {
    const parsed = parseReference(reference);
    requireSignal(signal);
    return this.#track(() => remove(this.#core, parsed, signal));
  }

  /** Removes old generations: all but the newest few, the active ones, and those that somebody uses. */
  async collect(options: CollectOptions = {}): Promise<Collection> {
    const { keep, dryRun, signal } = readFields(
      options,
      'options',
      keysOf<CollectOptions>({ keep: true, dryRun: true, signal: true }),
    );
    requireSignal(signal);
    const wanted = {
      keep: keep === undefined ? 3 : readInteger(keep, 'keep', 1, 1000),
      dryRun: readFlag(dryRun, 'dryRun', false),
      signal,
    };
    return this.#track(() => collect(this.#core, wanted));
  }

  /**
   * Reads generations back from the disk (all, unless named) and compares them with what was stored, and checks the chain of
   * the log. What is wrong is in the result; rejects only where nothing can be said.
   */
  async verify(references?: readonly string[], options: TransferOptions = {}): Promise<VaultVerification> {
    const parsed = references?.map((reference, at) => parseReference(reference, `references[${at}]`));
    checkTransfer(options, transferKeys);
    return this.#track(() =>
      verifyVault(this.#core, parsed, options, (reference, look) => this.#using(reference, look)),
    );
  }

  /**
   * Holds a generation: whoever collects or removes finds it in use until the lease is released or this process ends. `holder` is what they are
   * told. Throws ERR_VAULT_NO_ENTRY, ERR_VAULT_READ_ONLY.
   */
  async lease(reference: string, holder = 'a program'): Promise<Lease> {
    const parsed = parseReference(reference);
    const text = readText(holder, 'holder');
    return this.#track(() => this.#lease(parsed, text));
  }

  /** @internal A place for one room to write to; what is collected from it comes into this vault. */
  dropzone(order: DropzoneOrder): Promise<Dropzone> {
    return this.#track(async () => {
      const dropzone = await makeDropzone(this.#core, this.#duplicates, order, () =>
        this.#dropzones.delete(dropzone),
      );
      this.#dropzones.add(dropzone);
      return dropzone;
    });
  }

  /** @internal Where what rooms have built is, and is to be. */
  nixPlaces(): Promise<Pick<NixLayout, 'cache' | 'layer' | 'registrations' | 'shared'>> {
    return this.#track(async () => {
      const { nix } = this.#core.layout;
      if (!(await haveNix(nix))) (await lockNix(this.#core)).release();
      return nix;
    });
  }

  /** @internal A way for one room to hand in what it builds. */
  async nixInbox({ shelf, ...order }: NixInboxOrder): Promise<NixInbox> {
    // No kind of the vault's is collected from it; a dropzone wants one.
    return new NixInbox(
      this.#core,
      await this.dropzone({ ...order, kind: 'planks', checkpoints: false }),
      shelf,
    );
  }

  /** @internal The store that rooms write to themselves, for one of them. Throws ERR_VAULT_IN_USE. */
  nixShared(holder: string): Promise<{ release(): Promise<void> }> {
    return this.#track(() => holdShared(this.#core, holder));
  }

  /** The audit log, oldest first. */
  log(): AsyncIterableIterator<AuditRecord> {
    this.#requireOpen();
    return this.#core.audit.read();
  }

  /** Whether the chain of the log holds, and its head: known elsewhere, that pins the whole history. */
  async verifyLog(): Promise<LogVerification> {
    return this.#track(() => this.#core.audit.verify());
  }

  /** Puts a log aside that cannot be mended, and begins a new one. Returns where the old one is. */
  async restartLog(): Promise<string> {
    return this.#track(() => this.#core.restartLog());
  }

  /** Adds an entry of a transfer to the audit log: for couriers, which do more than a vault sees. On the disk when it resolves. */
  async record(entry: AuditEntry): Promise<void> {
    await this.#track(() => this.#core.change(() => this.#core.audit.append(entry)));
  }

  /** Waits for what is under way and gives back all leases. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await Promise.all([...this.#dropzones].map((dropzone) => dropzone.close()));
    await Promise.all([...this.#leases].map((lease) => lease.release()));
  }

  #requireOpen(): void {
    if (this.#closing !== undefined)
      throw new RoomError('ERR_VAULT_CLOSED', 'the vault is closed', { path: this.path });
  }

  #track<T>(work: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    const running = work();
    this.#pending.add(running);
    const done = (): void => void this.#pending.delete(running);
    running.then(done, done);
    return running;
  }

  async #describe(located: Located): Promise<Generation> {
    const { kind, name, generation } = located;
    const { meta } = await this.#core.generations.meta(located);
    const active = (await this.#core.generations.active(kind, name)) === generation;
    return {
      reference: referenceText(located),
      generation,
      active,
      meta,
      path: this.#core.layout.content(kind, name, generation),
    };
  }

  #lease(reference: Reference, holder: string): Promise<Lease> {
    return takeLease(this.#core, reference, holder, (lease) => void this.#leases.delete(lease)).then(
      (lease) => {
        this.#leases.add(lease);
        return lease;
      },
    );
  }

  /** Reads a generation that nobody removes meanwhile. On a read-only file system nobody here can. */
  async #using<T>(reference: Reference, work: (located: Located) => Promise<T>): Promise<T> {
    const lease = await this.#lease(reference, 'a copy').catch((error: unknown) => {
      if ((error as Partial<RoomError>).code === 'ERR_VAULT_READ_ONLY') return null;
      throw error;
    });
    try {
      const { kind, name } = reference;
      return await work(
        lease === null
          ? await this.#core.generations.locate(reference)
          : { kind, name, generation: lease.generation },
      );
    } finally {
      await lease?.release();
    }
  }

  async #switch(
    operation: 'activate' | 'rollback',
    { kind, name, generation }: Reference,
    choose: (active: number) => Promise<number>,
  ): Promise<Generation> {
    return this.#core.change(async () => {
      const active = await this.#core.generations.active(kind, name);
      if (active === null && generation === null)
        await this.#core.generations.locate({ kind, name, generation });
      const located = await this.#core.generations.locate({
        kind,
        name,
        generation: await choose(active ?? 0),
      });
      // Damaged is damaged: it has to say what it is.
      const described = await this.#describe(located);
      const from = active === null ? {} : { from: referenceText({ kind, name, generation: active }) };
      const entry = {
        operation,
        transaction: randomUUID(),
        reference: described.reference,
        ...from,
      } as const;
      await this.#core.audit.append({ ...entry, phase: 'begin' });
      await linkGeneration(this.#core.layout, located);
      await this.#core.audit.append({ ...entry, phase: 'done' });
      return { ...described, active: true };
    });
  }
}
