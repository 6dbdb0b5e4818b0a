import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import { openPlankFile } from './header.js';

/** How a digest can be watched and stopped. */
export interface DigestOptions {
  /** Called with 0 to 1, at most once per percent. */
  readonly onProgress?: (fraction: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Hashed on the thread of the caller, so one piece must stay well below a millisecond: SHA-256 does 0.4 GB/s even
 * without instructions for it.
 */
const pieceBytes = 256 * 1024;

/**
 * Reads the whole file and returns its identity: `sha256:` and 64 lower-case hex digits.
 *
 * @throws RoomError as {@link openPlankFile}; ERR_ROOM_PLANK_INVALID when the file is no regular file or changes while it
 * is read; the reason of the signal.
 */
export async function digestPlank(path: string, options: DigestOptions = {}): Promise<string> {
  return withOpenPlank(path, async (handle, stat) => digestOpen(handle, stat, path, options));
}

/** True for `sha256:` and 64 hex digits. */
export function isDigest(value: string): boolean {
  return /^sha256:[0-9a-f]{64}$/i.test(value);
}

/**
 * Remembers digests for as long as the file stays the same file: device, inode, size, mtime and ctime to the nanosecond.
 * ctime cannot be set by a program, so a file that was replaced or written to is read again. Holds one entry per inode.
 */
export class PlankIdentities {
  readonly #known = new Map<string, { readonly version: string; readonly digest: Promise<string> }>();

  /**
   * Like {@link digestPlank}; a file that is known costs an open and an fstat. Callers at the same time share one reading.
   *
   * @throws RoomError as {@link digestPlank}.
   */
  async digest(path: string): Promise<string> {
    return withOpenPlank(path, (handle, stat) => {
      const file = `${stat.dev}:${stat.ino}`;
      const version = versionOf(stat);
      const known = this.#known.get(file);
      if (known?.version === version) return known.digest;

      // Timestamps move in ticks of up to 10 ms: a write in the tick of the last one, while we read, could not be told.
      const settled = Date.now() - Number(stat.ctimeMs) > 1000;
      const digest = digestOpen(handle, stat, path, {});
      const entry = { version, digest };
      this.#known.set(file, entry);
      const forget = () => {
        if (this.#known.get(file) === entry) this.#known.delete(file);
      };
      digest.then(settled ? undefined : forget, forget);
      return digest;
    });
  }
}

async function withOpenPlank<Result>(
  path: string,
  use: (handle: FileHandle, stat: BigIntStats) => Promise<Result>,
): Promise<Result> {
  const handle = await openPlankFile(path);
  try {
    const stat = await handle.stat({ bigint: true });
    if (!stat.isFile())
      throw new RoomError('ERR_ROOM_PLANK_INVALID', `${path} is not a usable plank: not a regular file`, {
        path,
      });
    return await use(handle, stat);
  } finally {
    await handle.close();
  }
}

async function digestOpen(
  handle: FileHandle,
  before: BigIntStats,
  path: string,
  options: DigestOptions,
): Promise<string> {
  for (let stat = before; ;) {
    const digest = await readOnce(handle, Number(stat.size), options);
    const after = await handle.stat({ bigint: true });
    if (versionOf(after) === versionOf(stat)) return digest;
    // Its ctime moves as well when it loses its name, because another plank was renamed over it: that is no change, but
    // may hide one.
    const changed = after.nlink === stat.nlink || after.size !== stat.size || after.mtimeNs !== stat.mtimeNs;
    if (changed)
      throw new RoomError('ERR_ROOM_PLANK_INVALID', `${path} changed while it was read`, {
        path,
        hint: 'replace a plank by renaming a finished file over it',
      });
    stat = after;
  }
}

async function readOnce(
  handle: FileHandle,
  size: number,
  { onProgress, signal }: DigestOptions,
): Promise<string> {
  const hash = createHash('sha256');
  // Two buffers: one is being read into while the other is hashed.
  const buffers = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)] as const;
  const readPiece = (turn: number, position: number) =>
    handle.read(buffers[turn % 2] as Buffer, 0, pieceBytes, position);

  let position = 0;
  let percent = -1;
  let reading = readPiece(0, 0);
  for (let turn = 0; ; turn++) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) break;
    signal?.throwIfAborted();
    position += bytesRead;
    reading = readPiece(turn + 1, position);
    // Its failure is seen by the next turn; until then it must not count as unhandled.
    reading.catch(() => undefined);
    hash.update(buffer.subarray(0, bytesRead));
    const now = Math.floor((100 * position) / Math.max(size, position));
    if (now > percent) onProgress?.((percent = now) / 100);
  }
  return `sha256:${hash.digest('hex')}`;
}

function versionOf(stat: BigIntStats): string {
  return `${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}
