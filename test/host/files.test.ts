import test from 'ava';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostFiles, sourceFiles } from '../../src/host/files.js';
import { parseMountinfo } from '../../src/host/mountinfo.js';

test('the real host', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-files-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'file');
  writeFileSync(file, 'text', { mode: 0o640 });
  symlinkSync('file', join(directory, 'link'));
  t.is(hostFiles.read(join(directory, 'link')), 'text');
  t.is(hostFiles.link(join(directory, 'link')), 'file');
  t.is(hostFiles.link(file), null);
  t.deepEqual(hostFiles.list(directory), ['file', 'link']);
  t.like(hostFiles.stat(join(directory, 'link')), { kind: 'file', mode: 0o640 });
  t.deepEqual(await sourceFiles.stat(file), hostFiles.stat(file)!);
  t.is(await sourceFiles.realPath(join(directory, 'link')), hostFiles.realPath(file)!);
  t.true(hostFiles.writable(directory));
  const before = hostFiles.stat(file)?.version;
  writeFileSync(file, 'longer text');
  t.not(hostFiles.stat(file)?.version, before);
});

test('what is not there is null, and never an exception', (t) => {
  const path = '/nothing/at/all';
  t.is(hostFiles.read(path), null);
  t.is(hostFiles.read('/proc'), null);
  t.is(hostFiles.stat(path), null);
  t.is(hostFiles.list(path), null);
  t.is(hostFiles.list('/proc/version'), null);
  t.is(hostFiles.realPath(path), null);
  t.false(hostFiles.writable(path));
  t.is(hostFiles.read('bad\0path'), null);
});

test('devices and procfs', (t) => {
  t.like(hostFiles.stat('/dev/null'), { kind: 'character', device: '1:3' });
  t.true((hostFiles.read('/proc/self/status') ?? '').includes('Pid:'));
});

test('lines of mountinfo', (t) => {
  const mounts = parseMountinfo(
    [
      '36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue',
      '37 35 0:1 / /ro ro - tmpfs none rw',
      '38 35 0:1 / /ro2 rw - tmpfs none ro',
      'garbage',
      '39 35 0:1 / /x rw shared:1',
      '',
    ].join('\n'),
  );
  t.deepEqual(mounts, [
    {
      device: '98:0',
      source: '/dev/root',
      root: '/mnt1',
      point: '/mnt 2',
      readOnly: false,
      type: 'ext3',
      options: ['rw', 'errors=continue'],
    },
    {
      device: '0:1',
      source: 'none',
      root: '/',
      point: '/ro',
      readOnly: true,
      type: 'tmpfs',
      options: ['rw'],
    },
    {
      device: '0:1',
      source: 'none',
      root: '/',
      point: '/ro2',
      readOnly: true,
      type: 'tmpfs',
      options: ['ro'],
    },
  ]);
});
