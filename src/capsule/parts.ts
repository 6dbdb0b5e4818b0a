import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import { attempt } from '../vault/system-error.js';
import { openInside } from './inside.js';

// Files that are split, or put together from parts. The copy engine knows whole files only, so the bytes come to JavaScript here, in
// pieces small enough that hashing one does not hold up the event loop.
const pieceBytes = 256 * 1024;

/** A file that was written. */
export interface WrittenPart {
  readonly size: number;
  readonly sha256: string;
}

/** Watches and stops. */
export interface PartOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Hash of a part that is there already, as it was read back: one that is right is not written again. */
  readonly present?: ((part: number) => string | null) | undefined;
}

/**
 * Copies a file below an open directory into files of at most `partSize` bytes, each on the disk when the next is begun. `target`: path of
 * each part.
 *
 * @throws RoomError ERR_VAULT_SOURCE_CHANGED where it changes meanwhile; those of the system.
 */
export async function splitFile(
  root: FileHandle,
  source: string,
  partSize: number,
  target: (part: number) => string,
  options: PartOptions,
): Promise<{ readonly whole: WrittenPart; readonly parts: readonly WrittenPart[] }> {
  const handle = await attempt('vault.source', source, () => openInside(root, source));
  try {
    const before = await handle.stat({ bigint: true });
    const size = Number(before.size);
    const whole = createHash('sha256');
    const parts: WrittenPart[] = [];
    for (let at = 0; at < size; at += partSize) {
      const length = Math.min(partSize, size - at);
      const part = createHash('sha256');
      const path = target(parts.length);
      const there = options.present?.(parts.length) ?? null;
      const copy = (to: FileHandle | null, hashes: readonly Hash[]): Promise<void> =>
        copyRange(handle, at, length, to, hashes, source, options);
      if (there === null) await writeOnDisk(path, (to) => copy(to, [whole, part]));
      else await copy(null, [whole, part]);
      const sha256 = part.digest('hex');
      if (there !== null && there !== sha256) {
        await attempt('vault.target', path, () => unlink(path));
        await writeOnDisk(path, (to) => copy(to, []));
      }
      parts.push({ size: length, sha256 });
    }
    const after = await handle.stat({ bigint: true });
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs)
      throw changedMeanwhile(source);
    return { whole: { size, sha256: whole.digest('hex') }, parts };
  } finally {
    await handle.close();
  }
}

/** Puts a file together from its parts below an open directory. It is on the disk when this resolves. */
export async function joinParts(
  root: FileHandle,
  parts: readonly { readonly path: string; readonly size: number }[],
  target: string,
  mode: number,
  options: PartOptions,
): Promise<WrittenPart> {
  const whole = createHash('sha256');
  let size = 0;
  await writeOnDisk(target, async (to) => {
    for (const part of parts) {
      const handle = await attempt('vault.source', part.path, () => openInside(root, part.path));
      try {
        await copyRange(handle, 0, part.size, to, [whole], part.path, options);
      } finally {
        await handle.close();
      }
      size += part.size;
    }
    await to.chmod(mode);
  });
  return { size, sha256: whole.digest('hex') };
}

async function writeOnDisk(path: string, write: (to: FileHandle) => Promise<void>): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await attempt('vault.target', path, async () => {
    const to = await open(path, flags, 0o644);
    try {
      await write(to);
      await to.sync();
    } finally {
      await to.close();
    }
  });
}

async function copyRange(
  from: FileHandle,
  start: number,
  length: number,
  to: FileHandle | null,
  hashes: readonly Hash[],
  source: string,
  { signal, onBytes }: PartOptions,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, length));
  for (let done = 0; done < length;) {
    signal?.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, length - done), start + done);
    if (bytesRead === 0) throw changedMeanwhile(source);
    const bytes = buffer.subarray(0, bytesRead);
    for (const hash of hashes) hash.update(bytes);
    if (to !== null)
      for (let written = 0; written < bytesRead;) written += (await to.write(bytes, written)).bytesWritten;
    done += bytesRead;
    onBytes?.(bytesRead);
  }
}

function changedMeanwhile(path: string): RoomError {
  return new RoomError('ERR_VAULT_SOURCE_CHANGED', `${path} was changed while it was copied`, { path });
}
