import test from 'ava';
import { readHostPlank, readSkeletonFile } from '../../src/host/host-plank.js';
import { madeUpFiles } from './made-up-files.js';

const merged = {
  '/bin': { linkTo: 'usr/bin' },
  '/sbin': { linkTo: '/usr/sbin' },
  '/lib64': { linkTo: 'usr/lib64' },
  '/usr/bin/sh': '',
  '/usr/sbin/x': '',
  '/usr/lib64/ld.so': '',
  '/etc/passwd': 'root:x:0:0:secret:/root:/bin/bash\nhostuser:x:1000:1000:::\n',
  '/etc/ld.so.cache': 'binary',
  '/etc/ld.so.conf': 'include /etc/ld.so.conf.d/*.conf\n',
  '/etc/ld.so.conf.d/a.conf': '/usr/lib/a\n',
  '/etc/ld.so.conf.d/README': 'no',
  '/etc/alternatives/awk': { linkTo: '/usr/bin/mawk' },
  '/etc/alternatives/awk.1.gz': { linkTo: '/usr/share/man/man1/mawk.1.gz' },
  '/etc/alternatives/evil': { linkTo: '/usr/../etc/shadow' },
  '/etc/alternatives/other': { linkTo: '/opt/x' },
  '/etc/ssl/certs/a.pem': 'x',
};

test('a host with everything in /usr', (t) => {
  const { lower, binds } = readHostPlank(madeUpFiles(merged));
  t.deepEqual(
    binds.map(({ source, at, sourceKind, access, owner }) => [source, at, sourceKind, access, owner]),
    [
      ['/usr', '/usr', 'directory', 'read', null],
      ['/etc/ld.so.cache', '/etc/ld.so.cache', 'file', 'read', null],
    ],
  );
  const links = lower.entries
    .filter((entry) => entry.kind === 'link')
    .map(({ path, to }) => `${path} -> ${to}`);
  t.deepEqual(links, [
    'bin -> usr/bin',
    'sbin -> /usr/sbin',
    'lib64 -> usr/lib64',
    'etc/alternatives/awk -> /usr/bin/mawk',
  ]);
  t.is(readSkeletonFile(lower.entries, '/etc/ld.so.conf.d/a.conf'), '/usr/lib/a\n');
  t.is(readSkeletonFile(lower.entries, '/etc/ld.so.conf.d/README'), null);
});

test('nothing of the accounts and keys of the host', (t) => {
  const { lower, binds } = readHostPlank(madeUpFiles(merged));
  const passwd = readSkeletonFile(lower.entries, '/etc/passwd') ?? '';
  t.true(passwd.startsWith('root:x:0:0:'));
  t.false(passwd.includes('hostuser'));
  t.false(JSON.stringify([lower, binds]).includes('ssl'));
  t.is(readSkeletonFile(lower.entries, '/etc/resolv.conf'), '');
});

test('parents come before children, and no path comes twice', (t) => {
  const { entries } = readHostPlank(madeUpFiles(merged)).lower;
  const seen = new Set<string>();
  for (const { path } of entries) {
    t.false(path.startsWith('/'));
    t.false(seen.has(path), path);
    const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : null;
    if (parent !== null) t.true(seen.has(parent), path);
    seen.add(path);
  }
});

test('a host with directories of their own', (t) => {
  const { lower, binds } = readHostPlank(
    madeUpFiles({
      '/usr/bin/a': '',
      '/bin/sh': '',
      '/lib/x': '',
      '/lib64': { linkTo: '/elsewhere' },
      '/elsewhere/ld': '',
    }),
  );
  t.deepEqual(
    binds.map(({ source, at }) => [source, at]),
    [
      ['/usr', '/usr'],
      ['/bin', '/bin'],
      ['/lib', '/lib'],
      ['/elsewhere', '/lib64'],
    ],
  );
  t.true(lower.entries.some((entry) => entry.kind === 'directory' && entry.path === 'bin'));
});

test('the key follows the content', (t) => {
  const one = readHostPlank(madeUpFiles(merged)).lower.key;
  t.is(readHostPlank(madeUpFiles(merged)).lower.key, one);
  t.not(readHostPlank(madeUpFiles({ ...merged, '/etc/ld.so.conf': '' })).lower.key, one);
  t.regex(one, /^host-[0-9a-f]{16}$/);
});

test('a host without /usr', (t) => {
  t.like(
    t.throws(() => readHostPlank(madeUpFiles({ '/bin/sh': '' }))),
    { code: 'ERR_ROOM_PLANK_NOT_FOUND' },
  );
});
