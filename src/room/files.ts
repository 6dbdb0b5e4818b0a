import { constants, promises as fs, type Stats } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import { basename, dirname, normalize } from 'node:path/posix';
import type { IdentityPlan } from '../../types/plan.js';
import type { Launcher } from '../addon/native-anchor.js';
import { SpecTypeError, SpecRangeError } from '../errors.js';
import { hostId } from '../plan/mounts.js';
import { copyTreeIn, copyTreeOut, type CopyOptions, type CopySummary } from './copy.js';
import { kindOf, type EntryKind } from './entry-kind.js';
import { makeNewDirectory } from './new-directory.js';
import { asFileError, fileError, RoomFd, using, type Owner } from './room-fd.js';
import { removeEntry } from './remove.js';

/** One name in a directory of a room. */
export interface RoomEntry {
  readonly name: string;
  readonly kind: EntryKind;
}

/** What `files.stat()` answers. */
export interface RoomStat {
  readonly kind: EntryKind;
  /** Bytes. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** As the room sees it; 65534 for an owner that the room does not know. */
  readonly uid: number;
  readonly gid: number;
  readonly modified: Date;
}

export interface ReadOptions {
  /** Reading more is an error. Bytes; default 64 MiB. */
  maxBytes?: number;
}

export interface WriteOptions {
  /** Permission bits of a file that is made. Default 0o644. */
  mode?: number;
  /** Write at the end of what is there. Default false: replace it. */
  append?: boolean;
  /** Refuse to write a file that exists. Default false. */
  exclusive?: boolean;
  /** Make missing directories. Default false. */
  parents?: boolean;
}

/** What files need of the room they are in. */
export interface RoomTree {
  /** openat2(2) below the root of the room; throws ERR_ROOM_ENDED when there is no room any more. */
  open(path: string, flags: number, mode: number): Promise<number>;
  /** The room's user, as ids of the host. */
  readonly owner: Owner;
  /** The room's ids 0 to `ids` - 1 are those of the host from `firstId` on. */
  readonly firstId: number;
  readonly ids: number;
}

const DEFAULT_READ_BYTES = 64 * 1024 * 1024;
const { errno: errnos } = systemConstants;
const MAX_ENTRIES = 100_000;
const OVERFLOW_ID = 65_534;

/**
 * Files of a living room, safe against whatever runs in it: every path is resolved by the kernel below the room's root
 * (openat2, RESOLVE_IN_ROOT), so a symbolic link never leads out; only regular files are read and written; nothing blocks
 * on a FIFO; everything has a size limit. Files and directories that are made belong to the room's user. Paths are
 * absolute. Failures are RoomErrors with ERR_ROOM_FILE, or ERR_ROOM_ENDED when the room is gone.
 */
export class RoomFiles {
  readonly #tree: RoomTree;

  /** @internal */
  constructor(tree: RoomTree) {
    this.#tree = tree;
  }

  /** The content of a regular file. */
  read(path: string, options: ReadOptions & { encoding: BufferEncoding }): Promise<string>;
  read(path: string, options?: ReadOptions): Promise<Buffer>;
  async read(
    path: string,
    options: ReadOptions & { encoding?: BufferEncoding } = {},
  ): Promise<Buffer | string> {
    const { maxBytes = DEFAULT_READ_BYTES, encoding } = options;
    const chunks: Buffer[] = [];
    await this.#with('read', path, constants.O_RDONLY, async (file) => {
      requireRegular(await file.stat(), path);
      for await (const chunk of file.chunks(maxBytes, path)) chunks.push(chunk);
    });
    const content = Buffer.concat(chunks);
    return encoding === undefined ? content : content.toString(encoding);
  }

  /** Writes a regular file, whole or chunk by chunk. A new file belongs to the room's user. */
  async write(
    path: string,
    data: string | Uint8Array | AsyncIterable<string | Uint8Array>,
    options: WriteOptions = {},
  ): Promise<void> {
    const { mode = 0o644, append = false, exclusive = false, parents = false } = options;
    if (parents) await this.makeDirectory(dirname(requirePath(path)), { parents: true });
    try {
      await using(this.#openForWriting(path, mode, append, exclusive), async (file) => {
        requireRegular(await file.stat(), path);
        if (typeof data === 'string' || data instanceof Uint8Array) await file.writeAll(Buffer.from(data));
        else for await (const chunk of data) await file.writeAll(Buffer.from(chunk));
      });
    } catch (error) {
      throw asFileError(error, 'write', path);
    }
  }

  /** Names in a directory, sorted, at most 100,000 of them. */
  async list(path: string): Promise<RoomEntry[]> {
    const entries: RoomEntry[] = [];
    await this.#with('list', path, constants.O_RDONLY | constants.O_DIRECTORY, async (directory) => {
      for await (const entry of await fs.opendir(directory.self)) {
        if (entries.length === MAX_ENTRIES)
          throw fileError(`${path} has more than ${MAX_ENTRIES} entries`, path);
        entries.push({ name: entry.name, kind: kindOf(entry) });
      }
    });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What a path names; a symbolic link is not followed at the end. */
  async stat(path: string): Promise<RoomStat> {
    return this.#inParent('look at', path, async (parent, name) => {
      const stats = name === null ? await parent.stat() : await fs.lstat(parent.entry(name));
      return {
        kind: kindOf(stats),
        size: stats.size,
        mode: stats.mode & 0o7777,
        uid: this.#roomId(stats.uid),
        gid: this.#roomId(stats.gid),
        modified: stats.mtime,
      };
    });
  }

  /** Makes a directory; with `parents` those above it too, and an existing one is no error. */
  async makeDirectory(path: string, options: { mode?: number; parents?: boolean } = {}): Promise<void> {
    const { mode = 0o755, parents = false } = options;
    if (normalize(requirePath(path)) === '/') return;
    if (parents) {
      const above = dirname(normalize(path));
      if (above !== '/') await this.makeDirectory(above, options);
    }
    await this.#inParent('make the directory', path, async (parent, name) => {
      if (name === null) return;
      try {
        await using(makeNewDirectory(parent, name), (made) => made.giveTo(this.#tree.owner, mode));
      } catch (error) {
        if (parents && (error as NodeJS.ErrnoException).code === 'EEXIST') return;
        throw error;
      }
    });
  }

  /** Removes a file, a link or an empty directory; with `recursive` a whole tree. Links are not followed. */
  async remove(path: string, options: { recursive?: boolean } = {}): Promise<void> {
    await this.#inParent('remove', path, async (parent, name) => {
      if (name === null) throw fileError('the root of a room cannot be removed', path);
      await removeEntry(parent, name, options.recursive === true);
    });
  }

  /**
   * Copies a file or a directory tree of the host to a path in the room that does not exist yet (`overwrite` allows an
   * existing file). Links are copied as links; other special files are left out and listed in the summary.
   */
  async copyIn(host: string, path: string, options: CopyOptions = {}): Promise<CopySummary> {
    return this.#inParent('copy to', path, (parent, name) => {
      if (name === null) throw fileError('the root of a room exists already', path);
      return copyTreeIn(host, parent, name, this.#tree.owner, options);
    });
  }

  /**
   * Copies a file or a directory tree out of the room to a path on the host that does not exist yet (`overwrite` allows
   * an existing file). A link is copied only when it stays within the copied tree; it, and special files, are otherwise
   * left out and listed in the summary. Nothing gets set-id bits; everything belongs to this process.
   */
  async copyOut(path: string, host: string, options: CopyOptions = {}): Promise<CopySummary> {
    return this.#with('copy', path, constants.O_RDONLY, (source) => copyTreeOut(source, path, host, options));
  }

  /** @internal statfs(2) of an overlay answers for its writable layer. */
  async diskUsage(): Promise<{ readonly bytes: number; readonly files: number } | null> {
    return this.#with('look at', '/', constants.O_RDONLY | constants.O_DIRECTORY, async (root) => {
      const { blocks, bfree, bsize, files, ffree } = await fs.statfs(root.self);
      return { bytes: (blocks - bfree) * bsize, files: files - ffree };
    });
  }

  async #with<T>(doing: string, path: string, flags: number, work: (file: RoomFd) => Promise<T>): Promise<T> {
    try {
      return await using(this.#open(path, flags), work);
    } catch (error) {
      throw asFileError(error, doing, path);
    }
  }

  /** Works on a name in its directory; null: the path is the root. */
  async #inParent<T>(
    doing: string,
    path: string,
    work: (parent: RoomFd, name: Buffer | null) => Promise<T>,
  ): Promise<T> {
    const clean = normalize(requirePath(path)).replace(/(?<=.)\/$/, '');
    const name = clean === '/' ? null : Buffer.from(basename(clean));
    const flags = constants.O_RDONLY | constants.O_DIRECTORY;
    return this.#with(doing, dirname(clean), flags, (parent) => work(parent, name));
  }

  async #open(path: string, flags: number, mode = 0): Promise<RoomFd> {
    return new RoomFd(await this.#tree.open(requirePath(path), flags, mode));
  }

  /** Makes the file when it is not there, so that it is known whether it has to be given to the room's user. */
  async #openForWriting(path: string, mode: number, append: boolean, exclusive: boolean): Promise<RoomFd> {
    try {
      const made = await this.#open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
      try {
        await made.giveTo(this.#tree.owner, mode);
        return made;
      } catch (error) {
        await made.close();
        throw error;
      }
    } catch (error) {
      if (exclusive || (error as NodeJS.ErrnoException).errno !== -errnos.EEXIST) throw error;
    }
    return this.#open(path, constants.O_WRONLY | (append ? constants.O_APPEND : constants.O_TRUNC));
  }

  #roomId(id: number): number {
    const inside = id - this.#tree.firstId;
    return inside >= 0 && inside < this.#tree.ids ? inside : OVERFLOW_ID;
  }
}

function requireRegular(stats: Stats, path: string): void {
  if (!stats.isFile())
    throw fileError(`${JSON.stringify(path)} is a ${kindOf(stats)}, not a regular file`, path);
}

function requirePath(path: unknown): string {
  if (typeof path !== 'string') throw new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'path', 'expected a string');
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new SpecRangeError('ERR_ROOM_SPEC_VALUE', 'path', 'expected an absolute path without NUL bytes');
  }
  return path;
}

/** Files of a living room; `number` is asked each time, and throws ERR_ROOM_ENDED when there is none any more. */
export function filesOf(
  launcher: Launcher,
  number: () => number,
  identity: IdentityPlan,
  { uid, gid }: Owner,
): RoomFiles {
  return new RoomFiles({
    open: async (path, flags, mode) => launcher.openBelow(number(), path, flags, mode),
    owner: { uid: hostId(identity, uid), gid: hostId(identity, gid) },
    firstId: hostId(identity, 0),
    ids: identity.kind === 'mapped' ? identity.size : 2 ** 32,
  });
}
