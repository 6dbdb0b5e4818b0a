import test from 'ava';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { candidates, packageRoot, search } from '../../src/addon/load.js';
import { currentPlatform, requireSupported, type Platform } from '../../src/addon/platform.js';
import { RoomError } from '../../src/errors.js';

const linux: Platform = {
  system: 'linux',
  architecture: 'x64',
  libc: 'glibc',
  node: '22.0.0',
  kernel: '6.1.0',
};

test('the package is found from wherever this runs', (t) => {
  t.regex(packageRoot(), /^\/.+[^/]$/);
  t.throws(() => packageRoot('/usr/share'), { code: 'ERR_ROOM_ADDON_LOAD' });
});

test('the build comes before the prebuild of this C library', (t) => {
  t.deepEqual(candidates(linux, '/pkg', undefined), [
    '/pkg/build/Release/anchor_rooms.node',
    '/pkg/prebuilds/linux-x64-glibc/anchor_rooms.node',
  ]);
  t.deepEqual(
    candidates({ ...linux, libc: 'musl' }, '/pkg', '')[1],
    '/pkg/prebuilds/linux-x64-musl/anchor_rooms.node',
  );
});

test('another build can be named, and then no other is tried', (t) => {
  t.deepEqual(candidates(linux, '/pkg', '/asan/anchor_rooms.node'), ['/asan/anchor_rooms.node']);
});

test('other platforms are refused before anything is tried', (t) => {
  for (const platform of [
    { ...linux, system: 'darwin' },
    { ...linux, architecture: 'arm64' },
  ]) {
    t.throws(() => requireSupported(platform), { code: 'ERR_ROOM_UNSUPPORTED_PLATFORM' });
    t.throws(() => search(platform, '/pkg', undefined), { code: 'ERR_ROOM_UNSUPPORTED_PLATFORM' });
  }
});

test('this machine', (t) => {
  const { libc, node } = currentPlatform();
  t.true(libc === 'glibc' || libc === 'musl');
  t.is(node, process.versions.node);
});

test('without a build the doctor says what was tried and which command helps', (t) => {
  const { message, hint } = failure('/nowhere');
  t.regex(message, /found: linux 6\.1\.0 x64, glibc .*Node 22\.0\.0/);
  t.regex(message, /build\/Release\/anchor_rooms\.node: no such file\n.*prebuilds\/linux-x64-glibc/);
  t.regex(hint ?? '', /cd \/nowhere && npm run build:native/);
});

test('a broken build does not hide the others, and its own words are shown', (t) => {
  const root = packageWith('not an ELF file');
  const { message } = failure(root);
  t.regex(message, /build\/Release\/anchor_rooms\.node: .*(invalid ELF header|file too short)/);
  t.regex(message, /prebuilds\/.*: no such file/);
  rmSync(root, { recursive: true });
});

test('a build that was named and cannot be loaded', (t) => {
  const { hint } = failure('/pkg', '/asan/anchor_rooms.node');
  t.regex(hint ?? '', /ANCHOR_ROOMS_ADDON is set/);
});

function failure(root: string, override?: string): RoomError {
  try {
    search(linux, root, override);
  } catch (error) {
    if (error instanceof RoomError && error.code === 'ERR_ROOM_ADDON_LOAD') return error;
    throw error;
  }
  throw new Error('it was loaded');
}

function packageWith(content: string): string {
  const root = mkdtempSync(join(tmpdir(), 'anchor-load-'));
  mkdirSync(join(root, 'build/Release'), { recursive: true });
  const file = join(root, 'build/Release/anchor_rooms.node');
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  return root;
}
