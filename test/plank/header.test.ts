import { execFileSync } from 'node:child_process';
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { RoomError, type ErrorCode } from '../../src/errors.js';
import { crc32c } from '../../src/plank/crc32c.js';
import { readPlankHeader } from '../../src/plank/header.js';
import { inspectPlank } from '../../src/plank/inspect.js';
import { busyboxPlank, scratch } from '../helpers/image.js';

async function refused(
  t: ExecutionContext,
  path: string,
  message: RegExp,
  code: ErrorCode = 'ERR_ROOM_PLANK_INVALID',
) {
  const error: unknown = await t.throwsAsync(readPlankHeader(path), { message });
  if (!(error instanceof RoomError)) throw error;
  t.is(error.code, code);
  t.is(error.path, path);
  return error;
}

/** The bytes of a good plank with some changed, as a file. */
async function changed(t: ExecutionContext, format: 'squashfs' | 'erofs', change: (bytes: Buffer) => void) {
  const bytes = await readFile(await busyboxPlank(format));
  const path = join(await scratch(t), 'x');
  change(bytes);
  await writeFile(path, bytes);
  return path;
}

test('a good plank, by path and by handle', async (t) => {
  const path = await busyboxPlank();
  const header = await readPlankHeader(path);
  t.is(header.format, 'squashfs');
  t.is(header.compression, 'zstd');
  t.is(header.blockSize, 131072);
  t.true(header.bytesUsed <= header.size);
  const handle = await open(path);
  t.deepEqual(await readPlankHeader(handle), header);
  // The handle is still open and still at its start.
  t.is((await handle.read(Buffer.alloc(4), 0, 4, null)).buffer.toString('latin1'), 'hsqs');
  await handle.close();
  t.is((await readPlankHeader(await busyboxPlank('erofs'))).format, 'erofs');
});

test('what mksquashfs itself makes by default is accepted', async (t) => {
  const out = await scratch(t);
  execFileSync('mkdir', ['-p', join(out, 'tree/sub')]);
  await writeFile(join(out, 'tree/file'), 'x'.repeat(5000));
  for (const options of [
    [],
    ['-no-exports'],
    ['-no-fragments'],
    ['-no-xattrs'],
    ['-comp', 'xz'],
    ['-comp', 'lzo'],
  ]) {
    const path = join(out, 'x.sqsh');
    execFileSync('mksquashfs', [join(out, 'tree'), path, '-noappend', '-quiet', '-no-progress', ...options]);
    t.is((await inspectPlank(path)).inodes, 3, options.join(' '));
  }
});

test('missing, no file, empty', async (t) => {
  const out = await scratch(t);
  const missing = await refused(t, join(out, 'absent'), /there is no plank at/, 'ERR_ROOM_PLANK_NOT_FOUND');
  t.is(missing.syscall, 'open');
  t.truthy(missing.hint);
  const directory = await refused(t, out, /it is a directory/);
  t.regex(directory.hint ?? '', /anchor plank build/);
  await writeFile(join(out, 'empty'), '');
  await refused(t, join(out, 'empty'), /it is empty/);
  await refused(t, join(out, 'empty', 'below'), /there is no plank/, 'ERR_ROOM_PLANK_NOT_FOUND');
  execFileSync('mkfifo', [join(out, 'fifo')]);
  await refused(t, join(out, 'fifo'), /not a regular file/);
  await refused(t, '/dev/null', /not a regular file/);
});

test('truncated anywhere', async (t) => {
  for (const format of ['squashfs', 'erofs'] as const) {
    const { bytesUsed } = await readPlankHeader(await busyboxPlank(format));
    for (const length of [4, 50, 95, 97, 1023, 1030, 1100, 4096, 8192, bytesUsed >> 1, bytesUsed - 1]) {
      const path = await changed(t, format, () => undefined);
      await truncate(path, length);
      const message =
        format === 'erofs' && length < 1028 ? /wrong magic/ : /it is truncated: it has \d+ bytes and needs/;
      await refused(t, path, message);
    }
    const whole = await changed(t, format, () => undefined);
    await truncate(whole, bytesUsed);
    await t.notThrowsAsync(readPlankHeader(whole));
  }
});

test('another format is called by its name', async (t) => {
  const out = await scratch(t);
  await writeFile(join(out, 'file'), 'content');
  const make: Record<string, readonly [RegExp, string, ...string[]]> = {
    gz: [/looks like gzip data/, 'gzip', '--keep', '--force', join(out, 'file')],
    xz: [/looks like xz data/, 'xz', '--keep', '--force', join(out, 'file')],
    zst: [/looks like zstd data/, 'zstd', '-q', '--force', join(out, 'file')],
    tar: [/looks like a tar archive/, 'tar', '-cf', join(out, 'file.tar'), '-C', out, 'file'],
  };
  for (const [extension, [message, program, ...args]] of Object.entries(make)) {
    execFileSync(program, args);
    await refused(t, join(out, `file.${extension}`), message);
  }
  const at = (offset: number, text: string) => {
    const bytes = Buffer.alloc(70_000, 1);
    bytes.write(text, offset, 'latin1');
    return bytes;
  };
  const written: readonly (readonly [RegExp, Buffer | string])[] = [
    [/ext2\/3\/4/, at(1080, '\x53\xef')],
    [/qcow2/, at(0, 'QFI\xfb')],
    [/btrfs/, at(65600, '_BHRfS_M')],
    [/ISO 9660/, at(32769, 'CD001')],
    [/boot sector/, at(510, '\x55\xaa')],
    [/Git LFS pointer/, 'version https://git-lfs.github.com/spec/v1\n'],
    [/HTML/, '<!DOCTYPE html><p>404'],
    [/zeroes/, Buffer.alloc(5000)],
    [/starts with 6e6f7065, neither squashfs nor erofs/, 'nope'],
    [/starts with 78, /, 'x'],
  ];
  for (const [message, bytes] of written) {
    await writeFile(join(out, 'x'), bytes);
    await refused(t, join(out, 'x'), message);
  }
});

test('corrupted squashfs superblocks', async (t) => {
  const broken: readonly (readonly [RegExp, (bytes: Buffer) => void])[] = [
    [/no inodes/, (b) => b.writeUInt32LE(0, 4)],
    [/block size 131073/, (b) => b.writeUInt32LE(131073, 12)],
    [/logarithm 40/, (b) => b.writeUInt16LE(40, 22)],
    [/compressor 9 does not exist/, (b) => b.writeUInt16LE(9, 20)],
    [/no id table/, (b) => b.writeUInt16LE(0, 26)],
    [/version 3\.1/, (b) => (b.writeUInt16LE(3, 28), b.writeUInt16LE(1, 30))],
    [/root inode/, (b) => b.writeBigUInt64LE(1n << 40n, 32)],
    [/root inode/, (b) => b.writeBigUInt64LE(9000n, 32)],
    [/truncated: .* needs 18446744073709551615/, (b) => b.writeBigUInt64LE(2n ** 64n - 1n, 40)],
    [/id table is at 5, before/, (b) => b.writeBigUInt64LE(5n, 48)],
    [/id table is at 18446744073709551615, behind the end/, (b) => b.writeBigUInt64LE(2n ** 64n - 1n, 48)],
    [/xattr table is at 100, before/, (b) => b.writeBigUInt64LE(100n, 56)],
    [/inode table is at 4, before the end of the superblock/, (b) => b.writeBigUInt64LE(4n, 64)],
    [/directory table is at 96, before/, (b) => b.writeBigUInt64LE(96n, 72)],
    [/fragment table is at 96, before/, (b) => b.writeBigUInt64LE(96n, 80)],
    [/export table is at 99999999, behind/, (b) => b.writeBigUInt64LE(99999999n, 88)],
  ];
  for (const [message, change] of broken) await refused(t, await changed(t, 'squashfs', change), message);
});

test('corrupted erofs superblocks', async (t) => {
  const broken: readonly (readonly [RegExp, (bytes: Buffer) => void])[] = [
    [/checksum 0x[0-9a-f]{8}, stored 0x/, (b) => b.writeUInt8((b[1028] as number) ^ 1, 1028)],
    [/checksum/, (b) => b.writeUInt8(2, 1024 + 24)],
    // The checksum reaches to the end of the first block.
    [/checksum/, (b) => b.writeUInt8((b[4095] as number) ^ 1, 4095)],
    [/block size 2\^3/, (b) => b.writeUInt8(3, 1036)],
    [/block size 2\^255/, (b) => b.writeUInt8(255, 1036)],
    [/truncated/, (b) => b.writeUInt32LE(0xffffffff, 1060)],
    [/no blocks/, (b) => b.writeUInt32LE(0, 1060)],
    [/2 other files/, (b) => b.writeUInt16LE(2, 1110)],
    [/root inode/, (b) => b.writeUInt32LE(0xfffff, 1064)],
  ];
  for (const [message, change] of broken) await refused(t, await changed(t, 'erofs', change), message);
  // Without the flag there is nothing to check.
  const unchecked = await changed(t, 'erofs', (bytes) => {
    bytes.writeUInt32LE(bytes.readUInt32LE(1032) & ~1, 1032);
  });
  await t.notThrowsAsync(readPlankHeader(unchecked));
});

test('random bit flips in the superblock give an answer or an error of this package', async (t) => {
  // A generator of its own, so that a failure can be had again (Park and Miller, 1988).
  let state = 20240601;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  const out = await scratch(t);
  for (const format of ['squashfs', 'erofs'] as const) {
    const bytes = (await readFile(await busyboxPlank(format))).subarray(0, 8192);
    const [start, length] = format === 'squashfs' ? [0, 110] : [1024, 128];
    for (let i = 0; i < 200; i++) {
      const copy = Buffer.from(bytes);
      // Half of the time the sizes are made to fit, so that the fields behind those checks are reached.
      if (i % 2 && format === 'squashfs') copy.writeBigUInt64LE(8192n, 40);
      for (let flips = 1 + random(4); flips > 0; flips--) {
        const at = start + random(length);
        copy[at] = (copy[at] as number) ^ (1 << random(8));
      }
      const path = join(out, 'x');
      await writeFile(path, copy);
      try {
        t.is(typeof (await inspectPlank(path)).format, 'string');
      } catch (error) {
        t.true(
          error instanceof RoomError && error.code === 'ERR_ROOM_PLANK_INVALID',
          `${format} ${i}: ${String(error)}`,
        );
      }
    }
  }
});

test('crc32c', (t) => {
  // The published check value is inverted at the end; erofs does not do that.
  t.is(crc32c(Buffer.from('123456789')), ~0xe3069283 >>> 0);
});
