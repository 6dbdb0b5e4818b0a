import {
  constants,
  accessSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { readlink, realpath, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';

/** What a file is, as far as decisions depend on it. */
export interface FileFacts {
  readonly kind: 'directory' | 'file' | 'block' | 'character' | 'fifo' | 'socket' | 'other';
  /** Permission bits, without the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names the mounted file system. */
  readonly dev: string;
  /** Changes whenever the file is replaced or written: device, inode, size and time of the last change. */
  readonly version: string;
  /** `major:minor` of a device node, otherwise `0:0`. */
  readonly device: string;
}

/**
 * How the host is read. Every answer is null (or false) where the file does not exist or may not be looked at, because
 * that is all the readers need to know. Synchronous: it is used on procfs, sysfs and /etc when an Anchor opens, where a
 * trip through the thread pool costs more than the read.
 */
export interface HostFiles {
  /** At most 1 MiB of text. */
  read(path: string): string | null;
  /** Follows symbolic links. */
  stat(path: string): FileFacts | null;
  /** `version` of what it leads to: asked for every room. */
  version(path: string): string | null;
  /** Target of a symbolic link; null when the path is not one. */
  link(path: string): string | null;
  /** Names in a directory, sorted. */
  list(path: string): readonly string[] | null;
  realPath(path: string): string | null;
  /** access(2) with W_OK: knows read-only mounts as well as permissions. */
  writable(path: string): boolean;
}

/**
 * How paths that the user named are looked up. They may lie on a slow network file system, so these go through the
 * thread pool; they fail as Node's own functions do.
 */
export interface SourceFiles {
  realPath(path: string): Promise<string>;
  /** Target of a symbolic link; null when the path is something else. */
  link(path: string): Promise<string | null>;
  stat(path: string): Promise<FileFacts>;
}

const readLimit = 1024 * 1024;

/** The real host. */
export const hostFiles: HostFiles = {
  read: (path) => quietly(() => readFileSync(path).subarray(0, readLimit).toString('utf8')),
  stat: (path) => quietly(() => toFacts(statSync(path, { bigint: true }))),
  version: (path) => hostFiles.stat(path)?.version ?? null,
  link: (path) => quietly(() => readlinkSync(path)),
  list: (path) => quietly(() => readdirSync(path).sort()),
  realPath: (path) => quietly(() => realpathSync.native(path)),
  writable: (path) =>
    quietly(() => {
      accessSync(path, constants.W_OK);
      return true;
    }) ?? false,
};

/** The real host, for paths of the user. */
export const sourceFiles: SourceFiles = {
  realPath: (path) => realpath(path),
  link: async (path) => {
    try {
      return await readlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null;
      throw error;
    }
  },
  stat: async (path) => toFacts(await stat(path, { bigint: true })),
};

function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function toFacts(stats: BigIntStats): FileFacts {
  return {
    kind: kindOf(stats),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    dev: String(stats.dev),
    version: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    device: deviceNumber(stats.rdev),
  };
}

function kindOf(stats: BigIntStats): FileFacts['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isBlockDevice()) return 'block';
  if (stats.isCharacterDevice()) return 'character';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return 'other';
}

/** makedev(3) in reverse: the two halves of major and minor are interleaved. */
function deviceNumber(rdev: bigint): string {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
