import { digestPlank, type DigestOptions } from './digest.js';
import { erofsFlags } from './erofs-superblock.js';
import { readPlankSuperblock, type PlankHeader } from './header.js';
import { squashfsCompressionLevel, squashfsFlags } from './squashfs-superblock.js';

/** Everything a plank says about itself, and its identity. */
export interface PlankReport extends PlankHeader {
  readonly path: string;
  /** Files, directories, links and all else, counted as inodes. */
  readonly inodes: number;
  /** Null where the image does not say. */
  readonly compressionLevel: number | null;
  /** Null for a time that no calendar has. Planks of this package say 1970-01-01T00:00:01Z. */
  readonly created: Date | null;
  /** Names of the flags or features that are set. */
  readonly flags: readonly string[];
  /** SHA-256 of the whole file: `sha256:` and 64 hex digits. */
  readonly identity: string;
}

/**
 * Reads the superblock and hashes the file, in TypeScript only.
 *
 * @throws RoomError as `readPlankHeader` and `digestPlank`; the reason of the signal.
 */
export async function inspectPlank(path: string, options: DigestOptions = {}): Promise<PlankReport> {
  const plank = await readPlankSuperblock(path);
  const { format, compression, blockSize, bytesUsed, size } = plank;
  const header: PlankHeader = { format, compression, blockSize, bytesUsed, size };
  const identity = await digestPlank(path, options);
  if (plank.format === 'squashfs') {
    const { superblock, head } = plank;
    return {
      path,
      ...header,
      inodes: superblock.inodes,
      compressionLevel: squashfsCompressionLevel(superblock, head),
      created: new Date(superblock.created * 1000),
      flags: squashfsFlags(superblock),
      identity,
    };
  }
  const { superblock } = plank;
  const created = new Date(Number(superblock.created) * 1000);
  return {
    path,
    ...header,
    inodes: Number(superblock.inodes),
    compressionLevel: null,
    created: Number.isNaN(created.getTime()) ? null : created,
    flags: erofsFlags(superblock),
    identity,
  };
}
