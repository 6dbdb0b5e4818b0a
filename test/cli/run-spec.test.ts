import test from 'ava';
import { readCommandLine } from '../../src/cli/command-line.js';
import { UsageError } from '../../src/cli/command-error.js';
import { runPage } from '../../src/cli/run-page.js';
import { requestOf, type RoomRequest, type RunInput } from '../../src/cli/run-spec.js';
import { limitKeys } from '../../src/spec/limits.js';
import { parseRoomSpec } from '../../src/spec/parse.js';
import { roomSpecKeys } from '../../src/spec/room-spec.js';

const environment = { HOME: '/home/me', EMPTY: '' };

function request(args: readonly string[], more: Partial<RunInput> = {}): RoomRequest {
  const { options, rest } = readCommandLine(runPage, args, 'before-command');
  return requestOf({ options, rest, environment, directory: '/here', ...more });
}

const ending = ['./p.sqsh', 'ls'];
const least = { plank: './p.sqsh', command: ['ls'] };

const table: [args: string[], adds: object][] = [
  [[], {}],
  [
    ['--env', 'A=b=c', '--env', 'HOME', '--env', 'EMPTY', '--env', 'N='],
    { env: { A: 'b=c', HOME: '/home/me', EMPTY: '', N: '' } },
  ],
  [['--env', 'A=1', '--env', 'A=2'], { env: { A: '2' } }],
  [
    ['--cwd', '/w', '--hostname', 'h', '--user', '1000:1000'],
    { cwd: '/w', hostname: 'h', user: '1000:1000' },
  ],
  [['--identity', 'host'], { identity: 'host' }],
  [['--read-only-root'], { readOnlyRoot: true }],
  [['--plank-digest', `sha256:${'a'.repeat(64)}`], { plankDigest: `sha256:${'a'.repeat(64)}` }],
  [['--mount', 'host=/a,at=/b'], { mounts: [{ host: '/a', at: '/b' }] }],
  [
    ['--mount', 'at=/b,host=src,access=write,noexec,recursive'],
    { mounts: [{ host: '/here/src', at: '/b', access: 'write', noExec: true, recursive: true }] },
  ],
  [['--mount', 'vault=models/m@3,at=/w'], { mounts: [{ vault: 'models/m@3', at: '/w' }] }],
  [
    ['--mount', 'vault=models/m,at=/w,access=read,noexec'],
    { mounts: [{ vault: 'models/m', at: '/w', access: 'read', noExec: true }] },
  ],
  [
    ['--mount', 'vault=models,at=/w,access=write,keep=always,size=8GiB'],
    { mounts: [{ vault: 'models', at: '/w', access: 'write', keep: 'always', size: '8GiB' }] },
  ],
  [['--mount', 'host=.,at=/w'], { mounts: [{ host: '/here', at: '/w' }] }],
  [['--mount', 'host=/with\\,comma\\\\,at=/a=b'], { mounts: [{ host: '/with,comma\\', at: '/a=b' }] }],
  [['--tmpfs', 'at=/s,size=1GiB'], { mounts: [{ tmpfs: '1GiB', at: '/s' }] }],
  [
    ['--tmpfs', 'size=8192,at=/s,mode=0700,noexec'],
    { mounts: [{ tmpfs: 8192, at: '/s', mode: 0o700, noExec: true }] },
  ],
  [
    ['--mount', 'host=/a,at=/b', '--mount', 'host=/c,at=/d', '--tmpfs', 'at=/b,size=1MiB'],
    {
      mounts: [
        { tmpfs: '1MiB', at: '/b' },
        { host: '/c', at: '/d' },
      ],
    },
  ],
  [
    ['--memory', '1GiB', '--swap', '0', '--cpus', '1.5', '--cpu-weight', '50', '--processes', '64'],
    { limits: { memory: '1GiB', swap: 0, cpus: 1.5, cpuWeight: 50, processes: 64 } },
  ],
  [
    ['--disk', '2GiB', '--files', '1000', '--io-weight', '7'],
    { limits: { disk: '2GiB', files: 1000, ioWeight: 7 } },
  ],
  [
    ['--io', 'device=/dev/vda,rbps=10MB,wbps=5MB,riops=100,wiops=50', '--io', 'device=8:0,wiops=1'],
    {
      limits: {
        io: [
          {
            device: '/dev/vda',
            readBytesPerSecond: '10MB',
            writeBytesPerSecond: '5MB',
            readOperationsPerSecond: 100,
            writeOperationsPerSecond: 50,
          },
          { device: '8:0', writeOperationsPerSecond: 1 },
        ],
      },
    },
  ],
  [
    ['--rlimit', 'nofile=1024:4096', '--rlimit', 'stack=unlimited', '--rlimit', 'core=0'],
    { rlimits: { nofile: { soft: 1024, hard: 4096 }, stack: 'unlimited', core: 0 } },
  ],
  [['--lifetime', '10min'], { lifetime: '10min' }],
  [['--network', 'none'], { network: 'none' }],
  [['--cap', 'KILL', '--cap', 'CHOWN'], { capabilities: ['KILL', 'CHOWN'] }],
  [['--seccomp-allow', 'ptrace', '--seccomp-allow', 'bpf'], { seccomp: { allow: ['ptrace', 'bpf'] } }],
  [['--seccomp', 'default'], { seccomp: 'default' }],
];

for (const [args, adds] of table) {
  test(`spec of: ${args.join(' ')}`, (t) => {
    const { spec } = request([...args, ...ending]);
    t.deepEqual(spec as object, { ...least, ...adds });
    t.notThrows(() => parseRoomSpec(spec));
  });
}

test('the words that are left are plank and command', (t) => {
  const both = (...args: string[]) => {
    const { plank, command } = request(args).spec;
    return [plank, ...command];
  };
  t.deepEqual(both('host', 'ls', '-l'), ['host', 'ls', '-l']);
  t.deepEqual(both('host', '--', 'ls', '-l'), ['host', 'ls', '-l']);
  t.deepEqual(both('host', 'ls', '--', '-l'), ['host', 'ls', '--', '-l']);
  t.deepEqual(both('host', '--', '--odd'), ['host', '--odd']);
});

test('options change a spec from a file', (t) => {
  const base = {
    plank: 'a.sqsh',
    command: ['a'],
    env: { A: '1', B: '1' },
    mounts: [
      { host: '/old', at: '/a' },
      { host: '/kept', at: '/b' },
    ],
    limits: { memory: '1GiB', disk: '1MiB', io: [{ device: '8:0', readBytesPerSecond: 1 }] },
    rlimits: { nofile: 10, core: 5 },
    seccomp: { allow: ['bpf'] },
    capabilities: ['KILL'],
    lifetime: '1s',
  };
  const frozen = structuredClone(base);
  const options = [
    '--env',
    'B=2',
    '--mount',
    'host=/new,at=/a',
    '--memory',
    '2GiB',
    '--io',
    'device=8:0,wbps=2',
  ];
  const more = ['--rlimit', 'core=0', '--seccomp-allow', 'ptrace', '--cap', 'CHOWN', '--lifetime', '2s'];
  const { spec } = request([...options, ...more, '--', 'b', '-x'], { base });
  t.deepEqual(spec as object, {
    plank: 'a.sqsh',
    command: ['b', '-x'],
    env: { A: '1', B: '2' },
    mounts: [
      { host: '/new', at: '/a' },
      { host: '/kept', at: '/b' },
    ],
    limits: { memory: '2GiB', disk: '1MiB', io: [{ device: '8:0', writeBytesPerSecond: 2 }] },
    rlimits: { nofile: 10, core: 0 },
    seccomp: { allow: ['bpf', 'ptrace'] },
    capabilities: ['KILL', 'CHOWN'],
    lifetime: '2s',
  });
  t.deepEqual(base, frozen, 'the content of the file is left as it was');
});

test('a spec from a file may be used as it is, or with another plank', (t) => {
  const base = { plank: 'a.sqsh', command: ['a'] };
  t.deepEqual(request([], { base }).spec as object, base);
  t.deepEqual(request(['host'], { base }).spec as object, { plank: 'host', command: ['a'] });
  t.deepEqual(request(['host', 'b'], { base }).spec as object, { plank: 'host', command: ['b'] });
});

test('what has the wrong shape in a file is not papered over by options', (t) => {
  const wrong = { env: [], limits: 5, mounts: {}, rlimits: 'x', capabilities: 'KILL', seccomp: 5 };
  for (const [key, value] of Object.entries(wrong)) {
    const base = { ...least, [key]: value };
    const options = ['--env', 'A=1', '--memory', '1GiB', '--mount', 'host=/a,at=/b', '--rlimit', 'core=0'];
    const { spec } = request([...options, '--cap', 'KILL', '--seccomp-allow', 'bpf'], { base });
    t.throws(() => parseRoomSpec(spec), { message: new RegExp(`^${key}\\b`) }, key);
  }
});

test('keys of objects that mean something to JavaScript are keys like any other', (t) => {
  const { spec } = request(['--env', '__proto__=x', '--env', 'constructor=y', ...ending]);
  t.deepEqual(Object.entries(spec.env ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

test('a seccomp profile from a file takes the place of the default one', (t) => {
  const profile = { defaultAction: 'SCMP_ACT_ALLOW' };
  const { spec } = request(['--seccomp', 'p.json', ...ending], { profile });
  t.deepEqual(spec.seccomp as object, { profile });
});

const refused: [args: string[], message: string | RegExp][] = [
  [[], 'PLANK is missing'],
  [['--', 'ls'], 'PLANK is missing'],
  [['host'], 'what to run in host is missing'],
  [['host', '--'], 'what to run in host is missing'],
  [['--env', '=x', ...ending], '--env: expected NAME=VALUE, got "=x"'],
  [['--env', 'NOWHERE', ...ending], '--env NOWHERE: there is no such variable here'],
  [['--env', 'toString', ...ending], '--env toString: there is no such variable here'],
  [['--mount', '/a:/b', ...ending], '--mount: unknown key "/a:/b"'],
  [['--mount', 'host=/a', ...ending], '--mount: at=… is missing in "host=/a"'],
  [['--mount', 'at=/a', ...ending], '--mount: host=… is missing in "at=/a"'],
  [
    ['--mount', 'host=/a,at=/b,acess=write', ...ending],
    '--mount: unknown key "acess" (did you mean access?)',
  ],
  [['--mount', 'host=/a,at=/b,noexec=1', ...ending], '--mount: noexec takes no value'],
  [['--mount', 'host=/a,at', ...ending], '--mount: at needs a value'],
  [['--mount', 'host=/a,host=/b,at=/c', ...ending], '--mount: host is there twice'],
  [['--mount', '', ...ending], '--mount: unknown key ""'],
  [['--tmpfs', 'at=/a', ...ending], '--tmpfs: size=… is missing in "at=/a"'],
  [['--tmpfs', 'at=/a,size=1MiB,mode=rwx', ...ending], /^--tmpfs: mode: expected octal digits/],
  [['--io', 'rbps=1', ...ending], '--io: device=… is missing in "rbps=1"'],
  [['--rlimit', 'nofile', ...ending], '--rlimit: expected NAME=SOFT or NAME=SOFT:HARD, got "nofile"'],
  [['--rlimit', 'nofile=1:2:3', ...ending], '--rlimit: expected NAME=SOFT:HARD, got "nofile=1:2:3"'],
  [['--lifetime', '30', ...ending], '--lifetime: the unit is missing in 30'],
  [
    ['--seccomp', 'p.json', '--seccomp-allow', 'bpf', ...ending],
    /^--seccomp-allow adds to the default profile/,
  ],
];

for (const [args, message] of refused) {
  test(`refused: anchor run ${args.join(' ')}`, (t) => {
    t.throws(() => request(args, { profile: {} }), { instanceOf: UsageError, message });
  });
}

test('Nix in the room', (t) => {
  const nix = (text: string): unknown => request(['--nix', text, ...ending]).spec.nix;
  t.deepEqual(nix('store=vault,mode=bind,nosandbox'), { store: 'vault', mode: 'bind', sandbox: false });
  t.deepEqual(nix('store=tmpfs,keep=never,size=1048576'), { store: 'tmpfs', keep: 'never', size: 2 ** 20 });
  t.throws(() => nix('keep=never'), { message: /store=… is missing/ });
});

test('every field of a spec has an option', (t) => {
  const all = [
    ['--env', 'A=1', '--cwd', '/', '--hostname', 'h', '--user', '1', '--identity', 'mapped', '--cap', 'KILL'],
    [
      '--mount',
      'host=/a,at=/b',
      '--read-only-root',
      '--plank-digest',
      'x',
      '--lifetime',
      '1s',
      '--network',
      'none',
      '--nix',
      'store=tmpfs',
      '--services',
      'services.json',
    ],
    ['--memory', '1', '--swap', '1', '--cpus', '1', '--cpu-weight', '1', '--processes', '2', '--disk', '1'],
    [
      '--files',
      '1',
      '--io-weight',
      '1',
      '--io',
      'device=8:0,rbps=1',
      '--rlimit',
      'core=0',
      '--seccomp',
      'default',
    ],
  ].flat();
  const { spec } = request([...all, ...ending], { services: {} });
  // stdio is -i and -t; gpu has no other value than its default yet.
  const expected = roomSpecKeys.filter((key) => key !== 'stdio' && key !== 'gpu');
  t.deepEqual(Object.keys(spec).sort(), [...expected].sort());
  t.deepEqual(Object.keys(spec.limits ?? {}).sort(), [...limitKeys].sort());
});
