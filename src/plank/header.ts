import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { RoomError } from '../errors.js';
import {
  erofsBlockSize,
  erofsChecksumBytes,
  erofsChecksumFault,
  erofsCompression,
  erofsFault,
  erofsMagic,
  erofsSuperblockBytes,
  erofsSuperblockOffset,
  parseErofsSuperblock,
  type ErofsSuperblock,
} from './erofs-superblock.js';
import { foreignHeadBytes, recogniseForeign } from './foreign-format.js';
import {
  parseSquashfsSuperblock,
  squashfsCompression,
  squashfsFault,
  squashfsMagic,
  squashfsSuperblockBytes,
  type SquashfsSuperblock,
} from './squashfs-superblock.js';

/** The file systems a plank can be. */
export type PlankFormat = 'squashfs' | 'erofs';

/** What the first block of a plank says, after it was found sane. */
export interface PlankHeader {
  readonly format: PlankFormat;
  /** The compressor a kernel needs to mount or read it: `gzip`, `zstd`, `lz4`, `xz`…; `none` for a plain erofs. */
  readonly compression: string;
  /** Bytes. */
  readonly blockSize: number;
  /** Bytes the file system takes; a file may be longer by padding. */
  readonly bytesUsed: number;
  /** Bytes of the file. */
  readonly size: number;
}

/** A header together with the superblock it was read from. */
export type PlankSuperblock = PlankHeader &
  (
    | { readonly format: 'squashfs'; readonly superblock: SquashfsSuperblock; readonly head: Buffer }
    | { readonly format: 'erofs'; readonly superblock: ErofsSuperblock }
  );

/**
 * The quick check before a plank is mounted: one or two small reads.
 * A FileHandle stays open and is not moved (reads are positional).
 *
 * @throws RoomError ERR_ROOM_PLANK_NOT_FOUND, ERR_ROOM_PLANK_INVALID (empty, truncated, corrupted, another format, not a
 * regular file) or ERR_ROOM_PERMISSION; each names the path and mostly has a hint.
 */
export async function readPlankHeader(plank: string | FileHandle): Promise<PlankHeader> {
  const { format, compression, blockSize, bytesUsed, size } = await readPlankSuperblock(plank);
  return { format, compression, blockSize, bytesUsed, size };
}

/** Like {@link readPlankHeader}, with all fields of the superblock. */
export async function readPlankSuperblock(plank: string | FileHandle): Promise<PlankSuperblock> {
  if (typeof plank !== 'string') return readFrom(plank, undefined);
  const handle = await openPlankFile(plank);
  try {
    return await readFrom(handle, plank);
  } finally {
    await handle.close();
  }
}

/**
 * Opens a plank for reading. Never waits, not even for the writer of a FIFO.
 *
 * @throws RoomError ERR_ROOM_PLANK_NOT_FOUND, ERR_ROOM_PERMISSION or ERR_ROOM_PLANK_INVALID.
 */
export async function openPlankFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    const { code, errno } = cause as NodeJS.ErrnoException;
    const details = { path, syscall: 'open', cause, ...(errno === undefined ? {} : { errno }) };
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new RoomError('ERR_ROOM_PLANK_NOT_FOUND', `there is no plank at ${path}`, {
        ...details,
        hint: 'check the path, or make a plank: anchor plank build',
      });
    if (code === 'EACCES' || code === 'EPERM')
      throw new RoomError('ERR_ROOM_PERMISSION', `the plank ${path} may not be read by this user`, {
        ...details,
        hint: 'give this user read permission on the file and search permission on its directories',
      });
    throw new RoomError('ERR_ROOM_PLANK_INVALID', `the plank ${path} cannot be opened: ${code}`, details);
  }
}

async function readFrom(handle: FileHandle, path: string | undefined): Promise<PlankSuperblock> {
  const invalid = (what: string, hint?: string) =>
    new RoomError('ERR_ROOM_PLANK_INVALID', `${path ?? 'the file'} is not a usable plank: ${what}`, {
      ...(path === undefined ? {} : { path }),
      ...(hint === undefined ? {} : { hint }),
    });
  const rebuild = 'copy or build it again; anchor plank verify says more';

  const stat = await handle.stat();
  if (stat.isDirectory()) throw invalid('it is a directory', 'make a plank of it: anchor plank build');
  if (!stat.isFile()) throw invalid('it is not a regular file');
  const { size } = stat;
  if (size === 0) throw invalid('it is empty', rebuild);

  const head = await readAt(handle, 0, 4096);
  const magicAt = (offset: number) => (head.length >= offset + 4 ? head.readUInt32LE(offset) : null);

  if (magicAt(0) === squashfsMagic) {
    if (head.length < squashfsSuperblockBytes)
      throw invalid(
        `it is truncated: it has ${size} bytes and needs more than ${squashfsSuperblockBytes}`,
        rebuild,
      );
    const superblock = parseSquashfsSuperblock(head);
    const fault = squashfsFault(superblock, size);
    if (fault !== null) throw invalid(fault, rebuild);
    return {
      format: 'squashfs',
      compression: squashfsCompression(superblock),
      blockSize: superblock.blockSize,
      bytesUsed: Number(superblock.bytesUsed),
      size,
      superblock,
      head,
    };
  }

  if (magicAt(erofsSuperblockOffset) === erofsMagic) {
    const end = erofsSuperblockOffset + erofsSuperblockBytes;
    if (head.length < end)
      throw invalid(`it is truncated: it has ${size} bytes and needs more than ${end}`, rebuild);
    const superblock = parseErofsSuperblock(head.subarray(erofsSuperblockOffset));
    const fault =
      erofsFault(superblock, size) ??
      erofsChecksumFault(
        superblock,
        await readAt(handle, erofsSuperblockOffset, erofsChecksumBytes(superblock)),
      );
    if (fault !== null) throw invalid(fault, rebuild);
    const blockSize = erofsBlockSize(superblock);
    return {
      format: 'erofs',
      compression: erofsCompression(superblock),
      blockSize,
      bytesUsed: Number(superblock.blocks) * blockSize,
      size,
      superblock,
    };
  }

  const foreign = recogniseForeign(await readAt(handle, 0, foreignHeadBytes));
  if (foreign !== null) throw invalid(`it has the wrong magic and looks like ${foreign.is}`, foreign.hint);
  const start = head.subarray(0, 4).toString('hex');
  throw invalid(`it has the wrong magic: it starts with ${start}, neither squashfs nor erofs`, rebuild);
}

/** Up to `length` bytes from `position`: fewer only at the end of the file. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
