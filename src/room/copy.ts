import { constants, promises as fs, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { kindOf, type EntryKind } from './entry-kind.js';
import { makeDirectory, makeNewDirectory } from './new-directory.js';
import { MAX_DEPTH, readEntries } from './remove.js';
import { fileError, openOnHost, tooLarge, using, type Owner, type RoomFd } from './room-fd.js';

/** Bounds of one `copyIn` or `copyOut`. */
export interface CopyOptions {
  /** All files together. Default 1 GiB. */
  maxBytes?: number;
  /** Files, directories, links and what is left out, together. Default 100,000. */
  maxEntries?: number;
  /** Replace the content of a file that exists at the destination. Default false. */
  overwrite?: boolean;
  /** Stops between two pieces of work; what was copied so far stays. */
  signal?: AbortSignal;
}

/** What one `copyIn` or `copyOut` did. */
export interface CopySummary {
  readonly files: number;
  readonly directories: number;
  readonly links: number;
  /** Content of the files. */
  readonly bytes: number;
  /** What was left out: paths relative to the source, `.` for itself. */
  readonly skipped: readonly { readonly path: string; readonly kind: EntryKind }[];
}

const DEFAULT_BYTES = 1024 * 1024 * 1024;
const DEFAULT_ENTRIES = 100_000;
const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY } = constants;

/** Counts against the bounds. */
class Tally {
  files = 0;
  directories = 0;
  links = 0;
  bytes = 0;
  readonly skipped: { path: string; kind: EntryKind }[] = [];
  /** Copying out of a room stays in this mount: below a mount point there could be /proc, read with our rights. */
  mount: number | null = null;
  readonly #options: CopyOptions;

  constructor(options: CopyOptions) {
    this.#options = options;
  }

  get bytesLeft(): number {
    return (this.#options.maxBytes ?? DEFAULT_BYTES) - this.bytes;
  }

  get overwrite(): boolean {
    return this.#options.overwrite === true;
  }

  count(what: 'files' | 'directories' | 'links', path: string): void {
    this.#options.signal?.throwIfAborted();
    this[what]++;
    this.#bound(path);
  }

  /** What is left out takes memory as well, and a room can make millions of it. */
  skip(path: string, kind: EntryKind): void {
    this.#options.signal?.throwIfAborted();
    this.skipped.push({ path, kind });
    this.#bound(path);
  }

  #bound(path: string): void {
    const most = this.#options.maxEntries ?? DEFAULT_ENTRIES;
    if (this.files + this.directories + this.links + this.skipped.length > most) {
      throw fileError(`more than ${most} entries to copy`, path, { hint: 'Raise `maxEntries`.' });
    }
  }

  async content(from: RoomFd, to: RoomFd, path: string): Promise<void> {
    const limit = this.#options.maxBytes ?? DEFAULT_BYTES;
    for await (const chunk of from.chunks(Infinity, path)) {
      this.#options.signal?.throwIfAborted();
      this.bytes += chunk.length;
      if (this.bytes > limit) throw tooLarge(path, limit);
      await to.writeAll(chunk);
    }
  }

  summary(): CopySummary {
    const { files, directories, links, bytes, skipped } = this;
    return { files, directories, links, bytes, skipped };
  }
}

/** What a copy makes at its destination. */
interface Maker {
  file(parent: RoomFd, name: Buffer, mode: number, overwrite: boolean): Promise<RoomFd>;
  directory(parent: RoomFd, name: Buffer, mode: number): Promise<RoomFd>;
  /** Whether the link was made. */
  link(parent: RoomFd, name: Buffer, to: Buffer, depth: number): Promise<boolean>;
}

/** Copies from the host into a directory of the room. */
export async function copyTreeIn(
  host: string,
  parent: RoomFd,
  name: Buffer,
  owner: Owner,
  options: CopyOptions,
): Promise<CopySummary> {
  const tally = new Tally(options);
  const maker = makerFor(
    makeNewDirectory,
    (file, mode) => file.giveTo(owner, mode),
    () => true,
  );
  await using(openOnHost(host, O_RDONLY), (source) => copyOpen(source, parent, name, tally, maker, '.', 0));
  return tally.summary();
}

/** Copies something open in the room to a path on the host. */
export async function copyTreeOut(
  source: RoomFd,
  path: string,
  host: string,
  options: CopyOptions,
): Promise<CopySummary> {
  const tally = new Tally(options);
  const maker = makerFor(makeDirectory, (file, mode) => file.chmod(mode & 0o777), staysWithin);
  const stats = await source.stat();
  if (!stats.isFile() && !stats.isDirectory()) {
    throw fileError(`${JSON.stringify(path)} is a ${kindOf(stats)}, not a file or directory`, path);
  }
  tally.mount = await source.mountId();
  const clean = posix.resolve(host);
  await using(openOnHost(posix.dirname(clean), O_RDONLY | O_DIRECTORY), (parent) =>
    copyOpen(source, parent, Buffer.from(posix.basename(clean)), tally, maker, '.', 0),
  );
  return tally.summary();
}

function makerFor(
  newDirectory: (parent: RoomFd, name: Buffer) => Promise<RoomFd>,
  finish: (file: RoomFd, mode: number) => Promise<void>,
  mayLink: (to: Buffer, depth: number) => boolean,
): Maker {
  const finished = async (file: RoomFd, mode: number): Promise<RoomFd> => {
    try {
      await finish(file, mode);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  };
  return {
    async file(parent, name, mode, overwrite) {
      try {
        return await finished(await parent.openEntry(name, O_WRONLY | O_CREAT | O_EXCL, 0o600), mode);
      } catch (error) {
        if (!overwrite || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const existing = await parent.openEntry(name, O_WRONLY | O_TRUNC);
      if ((await existing.stat()).isFile()) return existing;
      await existing.close();
      throw fileError('the destination is not a regular file', name.toString());
    },
    async directory(parent, name, mode) {
      return finished(await newDirectory(parent, name), mode);
    },
    async link(parent, name, to, depth) {
      if (!mayLink(to, depth)) return false;
      await fs.symlink(to, parent.entry(name));
      return true;
    },
  };
}

/** Copies an open file or directory to a name in a directory. */
async function copyOpen(
  source: RoomFd,
  parent: RoomFd,
  name: Buffer,
  tally: Tally,
  maker: Maker,
  path: string,
  depth: number,
): Promise<void> {
  const stats = await source.stat();
  if (stats.isFile()) {
    tally.count('files', path);
    if (stats.size > tally.bytesLeft) throw tooLarge(path, tally.bytesLeft + tally.bytes);
    await using(maker.file(parent, name, stats.mode & 0o777, tally.overwrite), (to) =>
      tally.content(source, to, path),
    );
  } else if (stats.isDirectory() && (tally.mount === null || (await source.mountId()) === tally.mount)) {
    if (depth === MAX_DEPTH) throw fileError(`the tree is deeper than ${MAX_DEPTH} directories`, path);
    tally.count('directories', path);
    await using(maker.directory(parent, name, stats.mode & 0o777), async (directory) => {
      for await (const entry of await readEntries(source)) {
        const below = path === '.' ? entry.name.toString() : `${path}/${entry.name.toString()}`;
        await copyEntry(source, entry.name, directory, tally, maker, below, depth + 1);
      }
    });
  } else {
    tally.skip(path, kindOf(stats));
  }
}

/** Copies one name of a directory to the same name in another. */
async function copyEntry(
  from: RoomFd,
  name: Buffer,
  to: RoomFd,
  tally: Tally,
  maker: Maker,
  path: string,
  depth: number,
): Promise<void> {
  const stats: Stats = await fs.lstat(from.entry(name));
  if (stats.isSymbolicLink()) {
    const target = await fs.readlink(from.entry(name), { encoding: 'buffer' });
    if (await maker.link(to, name, target, depth)) tally.count('links', path);
    else tally.skip(path, 'link');
  } else if (stats.isFile() || stats.isDirectory()) {
    await using(from.openEntry(name, O_RDONLY), (source) =>
      copyOpen(source, to, name, tally, maker, path, depth),
    );
  } else {
    tally.skip(path, kindOf(stats));
  }
}

/**
 * Whether a link that lies `depth` directories below the root of the copied tree leads to a place within it, by its words
 * alone. `..` counts only at the start: after a name, which may be a link itself, it could lead anywhere.
 */
export function staysWithin(to: Buffer, depth: number): boolean {
  const parts = to.toString('latin1').split('/');
  if (parts.length === 0 || parts[0] === '') return false;
  const names = parts.filter((part) => part !== '' && part !== '.');
  const up = names.findIndex((part) => part !== '..');
  const climbs = up < 0 ? names.length : up;
  return climbs <= depth - 1 && !names.slice(climbs).includes('..');
}
