interface Signature {
  readonly offset: number;
  readonly bytes: string;
  readonly is: string;
  readonly hint: string;
}

const buildIt = 'make a plank of it: anchor plank build';
const unpackIt = 'unpack it first, then make a plank of the directory: anchor plank build';

/** Bytes are latin-1; longer ones first where one is the start of another. */
const signatures: readonly Signature[] = [
  { offset: 0, bytes: '\x1f\x8b', is: 'gzip data', hint: `if it is a compressed tar, ${buildIt}` },
  { offset: 0, bytes: '\xfd7zXZ\0', is: 'xz data', hint: `if it is a compressed tar, ${buildIt}` },
  { offset: 0, bytes: '\x28\xb5\x2f\xfd', is: 'zstd data', hint: `if it is a compressed tar, ${buildIt}` },
  { offset: 0, bytes: 'BZh', is: 'bzip2 data', hint: 'decompress it with bunzip2 first' },
  { offset: 257, bytes: 'ustar', is: 'a tar archive', hint: buildIt },
  { offset: 0, bytes: 'PK\x03\x04', is: 'a zip archive', hint: unpackIt },
  { offset: 0, bytes: 'QFI\xfb', is: 'a qcow2 disk image', hint: 'planks are squashfs or erofs files' },
  { offset: 0, bytes: 'sqsh', is: 'a big-endian squashfs 3 image', hint: 'build it again with mksquashfs 4' },
  { offset: 0, bytes: '\x7fELF', is: 'an ELF program', hint: 'planks are squashfs or erofs files' },
  { offset: 0, bytes: '#!', is: 'a script', hint: 'planks are squashfs or erofs files' },
  {
    offset: 0,
    bytes: 'version https://git-lfs',
    is: 'a Git LFS pointer, not the file itself',
    hint: 'git lfs pull',
  },
  { offset: 1080, bytes: '\x53\xef', is: 'an ext2/3/4 file system', hint: unpackIt },
  { offset: 0, bytes: 'XFSB', is: 'an XFS file system', hint: unpackIt },
  { offset: 65600, bytes: '_BHRfS_M', is: 'a btrfs file system', hint: unpackIt },
  { offset: 32769, bytes: 'CD001', is: 'an ISO 9660 image', hint: unpackIt },
  { offset: 510, bytes: '\x55\xaa', is: 'a disk image with a boot sector', hint: unpackIt },
];

/** How many bytes from the start of a file {@link recogniseForeign} looks at. */
export const foreignHeadBytes = 65608;

/** Says what a file that is not a plank looks like and what to do with it; null for nothing known. */
export function recogniseForeign(head: Buffer): { is: string; hint: string } | null {
  for (const { offset, bytes, is, hint } of signatures) {
    if (head.toString('latin1', offset, offset + bytes.length) === bytes) return { is, hint };
  }
  if (head.length > 0 && head.every((byte) => byte === 0))
    return { is: 'zeroes', hint: 'the copy or download of it may not have finished' };
  const start = head.toString('latin1', 0, 256).trimStart().toLowerCase();
  if (start.startsWith('<!doctype') || start.startsWith('<html') || start.startsWith('<?xml'))
    return { is: 'an HTML or XML page', hint: 'the download may have answered with an error page' };
  return null;
}
