import { constants } from 'node:os';
import { isAbsolute, resolve } from 'node:path/posix';
import type { FaultError } from '../../types/addon.js';
import type { LowerPlan } from '../../types/plan.js';
import type { CheckedPlank } from '../spec/checked.js';
import { RoomError } from '../errors.js';
import type { HostFiles } from './files.js';
import { readHostPlank, readSkeletonFile } from './host-plank.js';
import { passwdLimit } from './passwd.js';
import { plankFault } from './plank-fault.js';
import type { ResolvedBind } from './resolved-room.js';

/** How plank files are looked into; src/plank has both. */
export interface PlankReaders {
  /** Refuses what is not a plank. */
  header(path: string): Promise<{ readonly format: 'squashfs' | 'erofs' }>;
  /** `sha256:` and 64 hex digits. */
  digest(path: string): Promise<string>;
}

/** Whose image is known: what the vault has was looked up. */
export type FoundPlank = Exclude<CheckedPlank, { kind: 'vault' }>;

/** A plank that native code has mounted and keeps. */
export interface OpenPlank {
  readonly lower: LowerPlan;
  /** Its file system takes an idmapped mount. */
  readonly idmap: boolean;
  readonly binds: readonly ResolvedBind[];
  /** Text of a small file in it; read once. */
  read(path: string): Promise<string | null>;
}

/** What is asked of native code about planks. */
export interface PlankNative {
  /** Mounts it; `idmap`: whether its file system takes an idmapped mount. */
  openPlank(lower: LowerPlan): Promise<{ readonly idmap: boolean }>;
  /** Text of a regular file in it; null when there is none. At most `limit` bytes. */
  readPlankFile(lower: LowerPlan, path: string, limit: number): Promise<Uint8Array | null>;
}

/** The planks that an Anchor has used. A plank that stays the same costs a room one stat(2). */
export class HostPlanks {
  readonly #files: HostFiles;
  readonly #readers: PlankReaders;
  readonly #native: PlankNative;
  readonly #known = new Map<string, { readonly version: string; readonly plank: Promise<OpenPlank> }>();
  #host: Promise<OpenPlank> | null = null;

  constructor(files: HostFiles, readers: PlankReaders, native: PlankNative) {
    this.#files = files;
    this.#readers = readers;
    this.#native = native;
  }

  /** `digest`: 64 hex digits that the plank must have. */
  async open(plank: FoundPlank, digest: string | null): Promise<OpenPlank> {
    if (plank.kind === 'host') return this.#openHost(digest);
    const path = isAbsolute(plank.path) ? plank.path : resolve(plank.path);
    const version = this.#files.version(path);
    const opened = await this.#openImage(path, version);
    if (digest !== null) await this.#verify(path, digest, version);
    return opened;
  }

  #openImage(path: string, version: string | null): Promise<OpenPlank> {
    const known = this.#known.get(path);
    if (known !== undefined && known.version === version) return known.plank;
    const plank = this.#mount(path);
    if (version === null) return plank;
    const entry = { version, plank };
    this.#known.set(path, entry);
    plank.catch(() => {
      if (this.#known.get(path) === entry) this.#known.delete(path);
    });
    return plank;
  }

  async #mount(path: string): Promise<OpenPlank> {
    const { format } = await this.#readers.header(path);
    // A link that is turned to another file shall not be mistaken for the plank it led to before.
    const real = this.#files.realPath(path) ?? path;
    const image = (attach: 'loop' | 'file'): LowerPlan => ({ kind: 'image', path: real, format, attach });
    try {
      if (format === 'erofs') return await this.#remember(image('file'), []);
    } catch (error) {
      if (!needsDevice(error)) throw plankFault(error, path);
    }
    try {
      return await this.#remember(image('loop'), []);
    } catch (error) {
      throw plankFault(error, path);
    }
  }

  #openHost(digest: string | null): Promise<OpenPlank> {
    if (digest !== null) {
      throw new RoomError(
        'ERR_ROOM_PLANK_DIGEST',
        "plankDigest: the plank 'host' is no file and has no digest",
      );
    }
    if (this.#host !== null) return this.#host;
    const plank = this.#mountHost();
    this.#host = plank;
    plank.catch(() => (this.#host = null));
    return plank;
  }

  async #mountHost(): Promise<OpenPlank> {
    const { lower, binds } = readHostPlank(this.#files);
    try {
      return await this.#remember(lower, binds);
    } catch (error) {
      throw plankFault(error, 'host');
    }
  }

  async #remember(lower: LowerPlan, binds: readonly ResolvedBind[]): Promise<OpenPlank> {
    const { idmap } = await this.#native.openPlank(lower);
    const texts = new Map<string, Promise<string | null>>();
    const read = (path: string): Promise<string | null> => {
      const known = texts.get(path);
      if (known !== undefined) return known;
      const text = this.#read(lower, path);
      texts.set(path, text);
      text.catch(() => texts.delete(path));
      return text;
    };
    return { lower, idmap, binds, read };
  }

  async #read(lower: LowerPlan, path: string): Promise<string | null> {
    if (lower.kind === 'skeleton') return readSkeletonFile(lower.entries, path);
    let bytes: Uint8Array | null;
    try {
      bytes = await this.#native.readPlankFile(lower, path, passwdLimit);
    } catch (error) {
      throw plankFault(error, lower.path);
    }
    if (bytes === null) return null;
    // Half of a line may well be another valid line.
    const cut = bytes.length < passwdLimit ? bytes.length : bytes.lastIndexOf(0x0a) + 1;
    return Buffer.from(bytes.subarray(0, cut)).toString('utf8');
  }

  async #verify(path: string, digest: string, version: string | null): Promise<void> {
    const wanted = `sha256:${digest}`;
    const found = await this.#readers.digest(path);
    if (found !== wanted) {
      throw new RoomError('ERR_ROOM_PLANK_DIGEST', `${path} has the digest ${found}, not ${wanted}`, {
        path,
      });
    }
    // What was mounted is what was hashed only if nobody replaced the file in between.
    if (this.#files.version(path) !== version) {
      throw new RoomError('ERR_ROOM_PLANK_DIGEST', `${path} changed while it was verified`, { path });
    }
  }
}

/**
 * The kernel mounts no erofs from a file (before Linux 6.12, or built without CONFIG_EROFS_FS_BACKED_BY_FILE), or not this one: ENOTBLK,
 * from get_tree_bdev() in fs/super.c, also for a file on overlayfs; EINVAL and EOPNOTSUPP for what is in it. Anything else
 * passes, or would meet a loop device as well. It says nothing of the next plank, which may lie elsewhere.
 */
function needsDevice(error: unknown): boolean {
  if (!(error instanceof Error) || !('fault' in error)) return false;
  const { step, errno } = (error as FaultError).fault;
  return step === 'mount.plank' && [ENOTBLK, EINVAL, EOPNOTSUPP].includes(errno);
}

const { EINVAL, EOPNOTSUPP } = constants.errno;
/** Which node:os leaves out. */
const ENOTBLK = 15;
