import test from 'ava';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { refuses, smallest } from './refusal.js';

const host = (change: object): { mounts: object[] } => ({ mounts: [{ host: '/h', at: '/a', ...change }] });
const tmpfs = (change: object): { mounts: object[] } => ({ mounts: [{ tmpfs: 4096, at: '/a', ...change }] });

// prettier-ignore
const badTargets = [
  '', 'a', '/', '//', '/.', '/..', '/a/..', '/a\0', '/\ud800', '/proc', '/proc/', '//proc', '/./proc', '/proc/self', '/sys',
  '/sys/fs/cgroup', '/dev', '/dev/shm', '/dev/null',
];

refuses([
  [{ mounts: null }, 'type', 'mounts'],
  [{ mounts: {} }, 'type', 'mounts'],
  [{ mounts: '/a' }, 'type', 'mounts'],
  [{ mounts: ['/a:/b'] }, 'type', 'mounts[0]'],
  [{ mounts: [null] }, 'type', 'mounts[0]'],
  [{ mounts: [{}] }, 'type', 'mounts[0]'],
  [{ mounts: [{ at: '/a' }] }, 'type', 'mounts[0]'],
  [{ mounts: [{ vault: 'x', at: '/a' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 3, at: '/a' }] }, 'type', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'modles/m', at: '/a' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'models/M', at: '/a' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'models/m@0', at: '/a' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'models/m' }] }, 'type', 'mounts[0].at'],
  [{ mounts: [{ vault: 'models/m', at: '/a', access: 'write' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'nix', at: '/a', access: 'write' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'models', at: '/a' }] }, 'value', 'mounts[0].vault'],
  [{ mounts: [{ vault: 'models', at: '/a', access: 'both' }] }, 'value', 'mounts[0].access'],
  [{ mounts: [{ vault: 'models', at: '/a', access: 'write', keep: 'yes' }] }, 'value', 'mounts[0].keep'],
  ...[{}, { every: '999ms' }, { every: 'soon' }, { every: '1s', most: 0 }, { every: '1s', most: 10_001 }].map(
    (checkpoints) =>
      [
        { mounts: [{ vault: 'models', at: '/a', access: 'write', checkpoints }] },
        Object.keys(checkpoints).length === 0 ? 'type' : 'value',
        `mounts[0].checkpoints.${'most' in checkpoints ? 'most' : 'every'}`,
      ] as const,
  ),
  [{ mounts: [{ vault: 'models', at: '/a', access: 'write', size: 1000 }] }, 'value', 'mounts[0].size'],
  [{ mounts: [{ vault: 'models', at: '/a', access: 'write', size: '17TiB' }] }, 'value', 'mounts[0].size'],
  [{ mounts: [{ vault: 'models/m', at: '/a', size: '1GiB' }] }, 'unknown', 'mounts[0].size'],
  [
    { mounts: Array.from({ length: 17 }, (_, i) => ({ vault: 'models', at: `/${i}`, access: 'write' })) },
    'value',
    'mounts',
  ],
  [{ mounts: [{ vault: 'models/m', at: '/a', recursive: true }] }, 'unknown', 'mounts[0].recursive'],
  [{ mounts: [{ vault: 'models/m', host: '/h', at: '/a' }] }, 'conflict', 'mounts[0]'],
  [{ mounts: [{ host: '/h', tmpfs: 4096, at: '/a' }] }, 'conflict', 'mounts[0]'],
  ...badTargets.map((at) => [host({ at }), 'value', 'mounts[0].at'] as const),
  [tmpfs({ at: '/dev/shm' }), 'value', 'mounts[0].at'],
  [tmpfs({ at: 1 }), 'type', 'mounts[0].at'],
  [{ mounts: [{ host: '/h' }] }, 'type', 'mounts[0].at'],
  [host({ at: null }), 'type', 'mounts[0].at'],
  [host({ host: 1 }), 'type', 'mounts[0].host'],
  [host({ host: '' }), 'value', 'mounts[0].host'],
  [host({ host: 'h' }), 'value', 'mounts[0].host'],
  [host({ host: './h' }), 'value', 'mounts[0].host'],
  [host({ host: '~/h' }), 'value', 'mounts[0].host'],
  [host({ host: '/h\0' }), 'value', 'mounts[0].host'],
  [host({ host: '/\udc00' }), 'value', 'mounts[0].host'],
  [host({ host: '/x'.repeat(2048) }), 'value', 'mounts[0].host'],
  [host({ host: undefined }), 'type', 'mounts[0].host'],
  [host({ access: 'rw' }), 'value', 'mounts[0].access'],
  [host({ access: true }), 'type', 'mounts[0].access'],
  [host({ access: 'write\0' }), 'value', 'mounts[0].access'],
  [host({ noExec: 'yes' }), 'type', 'mounts[0].noExec'],
  [host({ recursive: 1 }), 'type', 'mounts[0].recursive'],
  [host({ mode: 0o755 }), 'unknown', 'mounts[0].mode'],
  [host({ readOnly: true }), 'unknown', 'mounts[0].readOnly'],
  [tmpfs({ tmpfs: 4095 }), 'value', 'mounts[0].tmpfs'],
  [tmpfs({ tmpfs: '1m' }), 'value', 'mounts[0].tmpfs'],
  [tmpfs({ tmpfs: true }), 'type', 'mounts[0].tmpfs'],
  [tmpfs({ mode: '755' }), 'type', 'mounts[0].mode'],
  [tmpfs({ mode: -1 }), 'value', 'mounts[0].mode'],
  [tmpfs({ mode: 0o10000 }), 'value', 'mounts[0].mode'],
  [tmpfs({ mode: 1.5 }), 'value', 'mounts[0].mode'],
  [tmpfs({ noExec: 0 }), 'type', 'mounts[0].noExec'],
  [tmpfs({ access: 'write' }), 'unknown', 'mounts[0].access'],
  [{ mounts: [...host({}).mounts, ...tmpfs({}).mounts] }, 'conflict', 'mounts[1].at'],
  [{ mounts: [...host({}).mounts, ...tmpfs({ at: '//a/.' }).mounts] }, 'conflict', 'mounts[1].at'],
]);

test('defaults of both kinds', (t) => {
  const mounts = [
    { host: '/h', at: '/a' },
    { tmpfs: '4KiB', at: '/b' },
  ];
  t.deepEqual(parseRoomSpec({ ...smallest, mounts }).mounts, [
    { kind: 'host', index: 0, host: '/h', at: '/a', write: false, noExec: false, recursive: false },
    { kind: 'tmpfs', index: 1, bytes: 4096, at: '/b', mode: 0o1777, noExec: false },
  ]);
});

test('parents come first, the others stay as written', (t) => {
  const written = ['/a/b/c', '/z', '/a', '/m/n', '/a/b', '/b'];
  const mounts = written.map((at) => ({ tmpfs: 4096, at }));
  const checked = parseRoomSpec({ ...smallest, mounts }).mounts;
  t.deepEqual(
    checked.map(({ at, index }) => [at, index]),
    [
      ['/z', 1],
      ['/a', 2],
      ['/b', 5],
      ['/m/n', 3],
      ['/a/b', 4],
      ['/a/b/c', 0],
    ],
  );
});

test('names may have spaces, newlines and the like', (t) => {
  const mounts = [{ host: '/a\nb/\\040 ,:', at: '/x\ny/ ,:' }];
  const [mount] = parseRoomSpec({ ...smallest, mounts }).mounts;
  t.like(mount, { host: '/a\nb/\\040 ,:', at: '/x\ny/ ,:' });
});

test('the path on the host is kept as it is written', (t) => {
  const [mount] = parseRoomSpec({ ...smallest, ...host({ host: '/a/../b//' }) }).mounts;
  t.like(mount, { host: '/a/../b//' });
});

test('names that only begin like the trees of the kernel are free', (t) => {
  const mounts = ['/process', '/sysroot', '/devel', '/a/proc'].map((at) => ({ tmpfs: 4096, at }));
  t.is(parseRoomSpec({ ...smallest, mounts }).mounts.length, 4);
});
