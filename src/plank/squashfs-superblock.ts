/**
 * The superblock of squashfs 4.0: 96 little-endian bytes at the start of the file.
 * Facts from the kernel: Documentation/filesystems/squashfs.rst, fs/squashfs/squashfs_fs.h (struct squashfs_super_block),
 * fs/squashfs/super.c (what a mount refuses). Flags 2, 8, 9 and 11 are known to squashfs-tools only.
 */
export interface SquashfsSuperblock {
  readonly inodes: number;
  /** Seconds since 1970. */
  readonly created: number;
  /** Bytes. */
  readonly blockSize: number;
  readonly fragments: number;
  readonly compressionId: number;
  readonly blockLog: number;
  readonly flagBits: number;
  readonly ids: number;
  readonly major: number;
  readonly minor: number;
  /** Offset of the metadata block in the inode table, times 65,536, plus the offset inside it. */
  readonly rootInode: bigint;
  readonly bytesUsed: bigint;
  readonly idTable: bigint;
  readonly xattrTable: bigint;
  readonly inodeTable: bigint;
  readonly directoryTable: bigint;
  readonly fragmentTable: bigint;
  readonly exportTable: bigint;
}

/** Bytes of the superblock. */
export const squashfsSuperblockBytes = 96;

/** `hsqs` on disk. */
export const squashfsMagic = 0x73717368;

/** A table that is not there has this offset (SQUASHFS_INVALID_BLK). */
const absent = 0xffff_ffff_ffff_ffffn;

const compressors = ['none', 'gzip', 'lzma', 'lzo', 'xz', 'lz4', 'zstd'] as const;

const flagNames: readonly (readonly [bit: number, name: string])[] = [
  [0, 'inodes-uncompressed'],
  [1, 'data-uncompressed'],
  [2, 'check'],
  [3, 'fragments-uncompressed'],
  [4, 'no-fragments'],
  [5, 'always-fragments'],
  [6, 'duplicates-removed'],
  [7, 'exportable'],
  [8, 'xattrs-uncompressed'],
  [9, 'no-xattrs'],
  [10, 'compressor-options'],
  [11, 'ids-uncompressed'],
];

/** Takes the fields apart without judging them. `bytes` holds at least {@link squashfsSuperblockBytes}. */
export function parseSquashfsSuperblock(bytes: Buffer): SquashfsSuperblock {
  return {
    inodes: bytes.readUInt32LE(4),
    created: bytes.readUInt32LE(8),
    blockSize: bytes.readUInt32LE(12),
    fragments: bytes.readUInt32LE(16),
    compressionId: bytes.readUInt16LE(20),
    blockLog: bytes.readUInt16LE(22),
    flagBits: bytes.readUInt16LE(24),
    ids: bytes.readUInt16LE(26),
    major: bytes.readUInt16LE(28),
    minor: bytes.readUInt16LE(30),
    rootInode: bytes.readBigUInt64LE(32),
    bytesUsed: bytes.readBigUInt64LE(40),
    idTable: bytes.readBigUInt64LE(48),
    xattrTable: bytes.readBigUInt64LE(56),
    inodeTable: bytes.readBigUInt64LE(64),
    directoryTable: bytes.readBigUInt64LE(72),
    fragmentTable: bytes.readBigUInt64LE(80),
    exportTable: bytes.readBigUInt64LE(88),
  };
}

/** The compressor the kernel needs to mount the image. An unknown number is `unknown(<number>)`. */
export function squashfsCompression(superblock: SquashfsSuperblock): string {
  return compressors[superblock.compressionId] ?? `unknown(${superblock.compressionId})`;
}

/** The set bits of the flags field by name; a bit without one is `bit-<n>`. */
export function squashfsFlags(superblock: SquashfsSuperblock): string[] {
  const names = new Map(flagNames);
  return Array.from({ length: 16 }, (_, bit) => bit)
    .filter((bit) => superblock.flagBits & (1 << bit))
    .map((bit) => names.get(bit) ?? `bit-${bit}`);
}

/**
 * The compression level, where the image says it; null where it does not. mksquashfs writes the options block, a metadata
 * block right behind the superblock, only for values other than the compressor's default (gzip 9, zstd 15), and never one
 * for a level of lz4 or xz (squashfs-tools: gzip_wrapper.c, zstd_wrapper.c, lzo_wrapper.c, lz4_wrapper.c).
 */
export function squashfsCompressionLevel(superblock: SquashfsSuperblock, head: Buffer): number | null {
  const name = squashfsCompression(superblock);
  if (!(superblock.flagBits & (1 << 10))) return name === 'gzip' ? 9 : name === 'zstd' ? 15 : null;
  const start = squashfsSuperblockBytes;
  if (head.length < start + 2) return null;
  const block = head.readUInt16LE(start);
  const length = block & 0x7fff;
  // Bit 15 says the block is stored as it is, which options always are.
  if (!(block & 0x8000) || head.length < start + 2 + length) return null;
  if ((name === 'gzip' || name === 'zstd') && length >= 4) return head.readInt32LE(start + 2);
  if (name === 'lzo' && length >= 8) return head.readInt32LE(start + 6);
  return null;
}

/** What keeps the image from being mounted, in words; null when nothing in the superblock does. `size` in bytes. */
export function squashfsFault(superblock: SquashfsSuperblock, size: number): string | null {
  const { blockSize, blockLog, bytesUsed } = superblock;
  if (superblock.major !== 4 || superblock.minor !== 0)
    return `it is squashfs version ${superblock.major}.${superblock.minor}, only 4.0 can be mounted`;
  if (superblock.compressionId < 1 || superblock.compressionId >= compressors.length)
    return `its superblock is corrupted: compressor ${superblock.compressionId} does not exist`;
  // Linux refuses blocks smaller than a page and larger than 1 MiB.
  if (blockLog < 12 || blockLog > 20 || blockSize !== 2 ** blockLog)
    return `its superblock is corrupted: block size ${blockSize} with logarithm ${blockLog}`;
  if (superblock.inodes === 0) return 'its superblock is corrupted: it has no inodes';
  if (superblock.ids === 0) return 'its superblock is corrupted: it has no id table';
  if (bytesUsed > BigInt(size)) return `it is truncated: it has ${size} bytes and needs ${bytesUsed}`;
  return tableFault(superblock);
}

/** On disk the tables follow each other in this order, behind the data and before `bytesUsed` (squashfs.rst, section 3). */
function tableFault(superblock: SquashfsSuperblock): string | null {
  const tables: (readonly [name: string, offset: bigint])[] = [
    ['inode', superblock.inodeTable],
    ['directory', superblock.directoryTable],
  ];
  if (superblock.fragments > 0) tables.push(['fragment', superblock.fragmentTable]);
  if (superblock.exportTable !== absent) tables.push(['export', superblock.exportTable]);
  tables.push(['id', superblock.idTable]);
  if (superblock.xattrTable !== absent) tables.push(['xattr', superblock.xattrTable]);

  let previousName = 'superblock';
  let previousEnd = BigInt(squashfsSuperblockBytes);
  for (const [name, offset] of tables) {
    if (offset >= superblock.bytesUsed)
      return `its table offsets are corrupted: the ${name} table is at ${offset}, behind the end at ${superblock.bytesUsed}`;
    if (offset < previousEnd)
      return `its table offsets are corrupted: the ${name} table is at ${offset}, before the end of the ${previousName}`;
    previousName = `${name} table`;
    // At least one inode is stored; an empty directory table takes no room.
    previousEnd = name === 'inode' ? offset + 1n : offset;
  }
  const rootBlock = superblock.inodeTable + (superblock.rootInode >> 16n);
  // A metadata block holds 8 KiB.
  if (rootBlock >= superblock.directoryTable || (superblock.rootInode & 0xffffn) >= 8192n)
    return 'its superblock is corrupted: the root inode is outside the inode table';
  return null;
}
