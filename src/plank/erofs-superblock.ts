import { crc32c } from './crc32c.js';

/**
 * The superblock of erofs: 128 little-endian bytes at offset 1024.
 * Facts from the kernel: Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h (struct erofs_super_block),
 * fs/erofs/super.c (what a mount refuses).
 */
export interface ErofsSuperblock {
  readonly checksum: number;
  readonly compatBits: number;
  readonly incompatBits: number;
  /** Logarithm of the block size. */
  readonly blockBits: number;
  readonly inodes: bigint;
  /** Seconds since 1970. */
  readonly created: bigint;
  readonly blocks: bigint;
  readonly metaBlock: number;
  readonly rootNid: number;
  /** Which algorithms are used (a bit each), where the image says so; else 0. */
  readonly algorithmBits: number;
  readonly extraDevices: number;
}

/** Where the superblock starts. */
export const erofsSuperblockOffset = 1024;
/** Bytes of the superblock. */
export const erofsSuperblockBytes = 128;
export const erofsMagic = 0xe0f5e1e2;

const compatChecksum = 0x1;
const incompatLz4 = 0x1;
const incompatAlgorithms = 0x2;
const incompat48Bit = 0x80;

const algorithms = ['lz4', 'lzma', 'deflate', 'zstd'] as const;
const compatNames = ['checksum', 'mtime', 'xattr-filter'] as const;
const incompatNames = [
  'zero-padding',
  'big-clusters',
  'chunked-files',
  'device-table',
  'tail-packing',
  'fragments',
  'xattr-prefixes',
  '48-bit',
] as const;

/** Takes the fields apart without judging them. `bytes` starts at offset 1024 of the file and holds at least 128 bytes. */
export function parseErofsSuperblock(bytes: Buffer): ErofsSuperblock {
  const incompatBits = bytes.readUInt32LE(80);
  const wide = (incompatBits & incompat48Bit) !== 0;
  return {
    checksum: bytes.readUInt32LE(4),
    compatBits: bytes.readUInt32LE(8),
    incompatBits,
    blockBits: bytes.readUInt8(12),
    // With 48-bit addresses the place of the 16-bit root nid holds the upper half of the block count instead.
    rootNid: wide ? 0 : bytes.readUInt16LE(14),
    inodes: bytes.readBigUInt64LE(16),
    created: bytes.readBigUInt64LE(24),
    blocks: BigInt(bytes.readUInt32LE(36)) + (wide ? BigInt(bytes.readUInt16LE(14)) << 32n : 0n),
    metaBlock: bytes.readUInt32LE(40),
    algorithmBits: incompatBits & incompatAlgorithms ? bytes.readUInt16LE(84) : 0,
    extraDevices: bytes.readUInt16LE(86),
  };
}

/** Bytes of a block. */
export function erofsBlockSize(superblock: ErofsSuperblock): number {
  return 2 ** superblock.blockBits;
}

/** The algorithms a kernel needs to read every file, joined by `+`; `none` for a plain image. */
export function erofsCompression(superblock: ErofsSuperblock): string {
  const { algorithmBits, incompatBits } = superblock;
  if (algorithmBits !== 0) {
    const names = Array.from({ length: 16 }, (_, bit) => bit)
      .filter((bit) => algorithmBits & (1 << bit))
      .map((bit) => algorithms[bit] ?? `unknown(${bit})`);
    return names.join('+');
  }
  // Images from before algorithms were listed know lz4 only and say so by their padding.
  return incompatBits & incompatLz4 ? 'lz4' : 'none';
}

/** The set feature bits by name; a bit without one is `bit-<n>`. */
export function erofsFlags(superblock: ErofsSuperblock): string[] {
  const named = (bits: number, names: readonly string[]) =>
    Array.from({ length: 32 }, (_, bit) => bit)
      .filter((bit) => bits & (1 << bit))
      .map((bit) => names[bit] ?? `bit-${bit}`);
  return [...named(superblock.compatBits, compatNames), ...named(superblock.incompatBits, incompatNames)];
}

/** What keeps the image from being mounted, in words; null when nothing in the superblock does. `size` in bytes. */
export function erofsFault(superblock: ErofsSuperblock, size: number): string | null {
  const { blockBits } = superblock;
  // The kernel takes 512 bytes up to its page size, which is 64 KiB at most.
  if (blockBits < 9 || blockBits > 16) return `its superblock is corrupted: block size 2^${blockBits}`;
  const needed = superblock.blocks << BigInt(blockBits);
  if (needed === 0n) return 'its superblock is corrupted: it has no blocks';
  if (needed > BigInt(size)) return `it is truncated: it has ${size} bytes and needs ${needed}`;
  if (superblock.extraDevices > 0)
    return `it keeps data in ${superblock.extraDevices} other files; a plank is one file`;
  // A nid counts 32-byte slots from the start of the metadata area.
  const root = (BigInt(superblock.metaBlock) << BigInt(blockBits)) + BigInt(superblock.rootNid) * 32n;
  if (root >= needed) return 'its superblock is corrupted: the root inode is behind the end';
  return null;
}

/**
 * Checks the checksum, where the image has one. `block` starts at offset 1024 of the file and reaches to the end of the
 * block that holds the superblock: `erofsChecksumBytes()` of it.
 */
export function erofsChecksumFault(superblock: ErofsSuperblock, block: Buffer): string | null {
  if (!(superblock.compatBits & compatChecksum)) return null;
  const copy = Buffer.from(block);
  // The sum was made while its own field was zero.
  copy.writeUInt32LE(0, 4);
  const actual = crc32c(copy);
  if (actual === superblock.checksum) return null;
  return `its superblock is corrupted: checksum ${hex(actual)}, stored ${hex(superblock.checksum)}`;
}

/** How many bytes from offset 1024 on the checksum covers (erofs_superblock_csum_verify in fs/erofs/super.c). */
export function erofsChecksumBytes(superblock: ErofsSuperblock): number {
  const blockSize = erofsBlockSize(superblock);
  return blockSize > erofsSuperblockOffset ? blockSize - erofsSuperblockOffset : blockSize;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
