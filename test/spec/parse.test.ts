import test from 'ava';
import { parseExecOptions, parseRoomSpec } from '../../src/spec/parse.js';
import { refusedCall, refuses, smallest, type Refusal } from './refusal.js';

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const pipes = { kind: 'streams', streams: [{ kind: 'pipe' }, { kind: 'pipe' }, { kind: 'pipe' }] };

function largest() {
  return {
    plank: 'room.erofs',
    plankDigest: `sha256:${'aB'.repeat(32)}`,
    command: ['python3', '-c', 'print(1)\n', ''],
    env: { HOME: '/root', LINES: 'a\nb' },
    cwd: '/work/./deep//er/',
    hostname: 'build-7.example',
    user: 'judge:games',
    identity: 'mapped',
    mounts: [
      { host: '/srv/a', at: '/work/src', access: 'write', noExec: true, recursive: true },
      { tmpfs: '1GiB', at: '/work', mode: 0o755, noExec: true },
    ],
    limits: {
      memory: '8GiB',
      swap: '1GiB',
      cpus: 0.5,
      cpuWeight: 50,
      processes: 512,
      disk: '2GiB',
      files: 1000,
      ioWeight: 10,
      io: [{ device: '/dev/vda', readBytesPerSecond: '1MB', writeOperationsPerSecond: 7 }],
    },
    rlimits: { stack: 'unlimited', core: { soft: 0, hard: 'unlimited' } },
    lifetime: '10min',
    network: 'none',
    gpu: false,
    capabilities: ['NET_BIND_SERVICE', 'CHOWN'],
    stdio: ['ignore', 'pipe', 2],
    readOnlyRoot: true,
  };
}

function frozenThroughout(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozenThroughout);
}

test('the smallest spec has every default', (t) => {
  const { seccomp, ...rest } = parseRoomSpec(smallest);
  t.not(seccomp, undefined);
  t.deepEqual(rest as unknown, {
    plank: { kind: 'image', path: '/planks/room.sqsh' },
    plankDigest: null,
    command: ['true'],
    env: [['PATH', path]],
    cwd: '/',
    hostname: 'room',
    user: { kind: 'ids', uid: 0, gid: 0 },
    identity: 'mapped',
    mounts: [],
    nix: null,
    services: [],
    limits: {
      memory: null,
      swap: null,
      cpus: null,
      cpuWeight: null,
      processes: null,
      disk: 67108864,
      files: 16384,
      ioWeight: null,
      io: [],
    },
    rlimits: [
      { resource: 4, soft: 0, hard: 0 },
      { resource: 7, soft: 1024, hard: 4096 },
    ],
    lifetime: null,
    capabilities: [],
    stdio: pipes,
    readOnlyRoot: false,
  });
});

test('a spec with everything', (t) => {
  const { seccomp, ...rest } = parseRoomSpec(largest());
  t.not(seccomp, undefined);
  t.deepEqual(rest as unknown, {
    plank: { kind: 'image', path: 'room.erofs' },
    plankDigest: 'ab'.repeat(32),
    command: ['python3', '-c', 'print(1)\n', ''],
    env: [
      ['HOME', '/root'],
      ['LINES', 'a\nb'],
      ['PATH', path],
    ],
    cwd: '/work/deep/er',
    hostname: 'build-7.example',
    user: { kind: 'name', user: 'judge', group: 'games' },
    identity: 'mapped',
    mounts: [
      { kind: 'tmpfs', index: 1, bytes: 2 ** 30, at: '/work', mode: 0o755, noExec: true },
      { kind: 'host', index: 0, host: '/srv/a', at: '/work/src', write: true, noExec: true, recursive: true },
    ],
    nix: null,
    services: [],
    limits: {
      memory: 2 ** 33,
      swap: 2 ** 30,
      cpus: 0.5,
      cpuWeight: 50,
      processes: 512,
      disk: 2 ** 31,
      files: 1000,
      ioWeight: 10,
      io: [{ device: '/dev/vda', rbps: 1e6, wbps: null, riops: null, wiops: 7 }],
    },
    rlimits: [
      { resource: 3, soft: -1, hard: -1 },
      { resource: 4, soft: 0, hard: -1 },
      { resource: 7, soft: 1024, hard: 4096 },
    ],
    lifetime: 600_000,
    capabilities: [0, 10],
    stdio: { kind: 'streams', streams: [{ kind: 'null' }, { kind: 'pipe' }, { kind: 'fd', fd: 2 }] },
    readOnlyRoot: true,
  });
});

test('the result is frozen throughout', (t) => {
  t.true(frozenThroughout(parseRoomSpec(smallest)));
  t.true(frozenThroughout(parseRoomSpec(largest())));
  t.true(frozenThroughout(parseExecOptions(['true'], { env: {}, capabilities: ['KILL'] })));
});

test('the spec is not changed and nothing of it is kept', (t) => {
  const spec = largest();
  const checked = parseRoomSpec(spec);
  t.deepEqual(spec, largest());
  spec.command.push('late');
  spec.env.HOME = '/late';
  spec.capabilities.pop();
  for (const mount of spec.mounts) mount.at = '/late';
  for (const limit of spec.limits.io) limit.device = '/dev/late';
  spec.rlimits.core.hard = 'late';
  spec.stdio[0] = 'late';
  t.deepEqual(checked, parseRoomSpec(largest()));
});

test('a frozen spec and one from JSON give the same', (t) => {
  const checked = parseRoomSpec(largest());
  t.deepEqual(parseRoomSpec(Object.freeze(largest())), checked);
  t.deepEqual(parseRoomSpec(JSON.parse(JSON.stringify(largest()))), checked);
});

refuses([
  [{ network: 'host' }, 'value', 'network'],
  [{ network: true }, 'type', 'network'],
  [{ network: { allow: [] } }, 'type', 'network'],
  [{ network: 'none\0' }, 'value', 'network'],
  [{ gpu: true }, 'value', 'gpu'],
  [{ gpu: 'none' }, 'type', 'gpu'],
  [{ gpu: 0 }, 'type', 'gpu'],
  [{ identity: 'root' }, 'value', 'identity'],
  [{ identity: 'Host' }, 'value', 'identity'],
  [{ identity: 0 }, 'type', 'identity'],
  [{ readOnlyRoot: 'yes' }, 'type', 'readOnlyRoot'],
  [{ readOnlyRoot: 1 }, 'type', 'readOnlyRoot'],
  [{ readOnlyRoot: null }, 'type', 'readOnlyRoot'],
  [{ identity: 'host', capabilities: ['CHOWN'] }, 'conflict', 'capabilities'],
  [{ seccomp: 1 }, 'type', 'seccomp'],
]);

test('what there is not is said to be not there', (t) => {
  t.throws(() => parseRoomSpec({ ...smallest, network: 'host' }), {
    message: /only network .* in this version/,
  });
  t.throws(() => parseRoomSpec({ ...smallest, gpu: true }), { message: /have no GPU/ });
});

test('host identity without capabilities is fine', (t) => {
  t.is(parseRoomSpec({ ...smallest, identity: 'host', capabilities: [] }).identity, 'host');
});

test('exec: nothing given', (t) => {
  const expected = { argv: ['ls'], env: null, cwd: null, user: null, capabilities: null, stdio: pipes };
  t.deepEqual(parseExecOptions(['ls'], undefined) as unknown, expected);
  t.deepEqual(parseExecOptions(['ls'], {}) as unknown, expected);
});

test('exec: everything given', (t) => {
  const options = { env: { A: '1' }, cwd: '/a/', user: 7, capabilities: [], stdio: { pty: {} } };
  t.deepEqual(parseExecOptions(['ls', '-l'], options) as unknown, {
    argv: ['ls', '-l'],
    env: [
      ['A', '1'],
      ['PATH', path],
    ],
    cwd: '/a',
    user: { kind: 'ids', uid: 7, gid: null },
    capabilities: [],
    stdio: { kind: 'pty', columns: 80, rows: 24 },
  });
});

test('exec: ids reach as far as the identity of the room', (t) => {
  t.deepEqual(parseExecOptions(['id'], { user: 70_000 }, 'host').user, {
    kind: 'ids',
    uid: 70_000,
    gid: null,
  });
});

const execRefusals: readonly (readonly [argv: unknown, options: unknown, refusal: Refusal, field: string])[] =
  [
    [undefined, {}, 'type', 'argv'],
    ['ls -l', {}, 'type', 'argv'],
    [[], {}, 'value', 'argv'],
    [[''], {}, 'value', 'argv[0]'],
    [['ls', 1], {}, 'type', 'argv[1]'],
    [['ls', 'a\0b'], {}, 'value', 'argv[1]'],
    [['ls'], null, 'type', 'options'],
    [['ls'], [], 'type', 'options'],
    [['ls'], { CWD: '/' }, 'unknown', 'options.CWD'],
    [['ls'], { cwd: undefined }, 'type', 'options.cwd'],
    [['ls'], { cwd: 'a' }, 'value', 'options.cwd'],
    [['ls'], { env: { 'A B': 1 } }, 'type', 'options.env["A B"]'],
    [['ls'], { user: '1e3' }, 'type', 'options.user'],
    [['ls'], { user: 65_536 }, 'value', 'options.user'],
    [['ls'], { stdio: 'none' }, 'value', 'options.stdio'],
    [['ls'], { capabilities: ['ALL'] }, 'value', 'options.capabilities[0]'],
  ];
for (const [argv, options, refusal, field] of execRefusals) {
  const title = `exec refused (${refusal}) ${field} of ${JSON.stringify([argv, options])}`;
  test(title, refusedCall, () => parseExecOptions(argv, options), refusal, field);
}

test(
  'exec refused: capabilities in a room with the ids of the host',
  refusedCall,
  () => parseExecOptions(['ls'], { capabilities: ['KILL'] }, 'host'),
  'conflict',
  'options.capabilities',
);
