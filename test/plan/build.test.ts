import test from 'ava';
import type { ResolvedBind } from '../../src/host/resolved-room.js';
import { buildPlan } from '../../src/plan/build.js';
import { planExec } from '../../src/plan/process.js';
import { parseExecOptions } from '../../src/spec/parse.js';
import { resolved } from '../room/unit/fakes.js';

const base = 524_288;
const nosuid = 2;
const nodev = 4;
const noexec = 8;
const readOnly = 1;

const bind: ResolvedBind = {
  kind: 'bind',
  source: '/srv/data',
  sourceKind: 'directory',
  at: '/data',
  access: 'read',
  noExec: false,
  recursive: false,
  owner: { uid: 1000, gid: 100 },
};

test('Nix: a layer, an inbox, a proc of its own, and a command that begins with it', (t) => {
  const spec = { nix: { store: 'vault' }, env: { NIX_CONFIG: 'cores = 1' } } as const;
  const checked = resolved(spec).spec.nix!;
  const inbox = { shelf: 'layer', bytes: 1 } as const;
  const plan = buildPlan(
    resolved(spec, {
      nix: { spec: checked, cache: false, layer: '/vault/nix/layer', inbox, exclusive: false },
      mounts: [
        { kind: 'proc', at: '/run/anchor/proc' },
        { kind: 'nix-inbox', at: '/run/anchor/nix/inbox', fd: 7 },
      ],
    }),
    null,
  );
  const root = 524_288;
  t.deepEqual(plan.root.layer, {
    kind: 'bind',
    source: '/vault/nix/layer',
    sourceKind: 'directory',
    target: '/',
    attributes: 7,
    recursive: false,
    idmap: { hostUid: 0, hostGid: 0, roomUid: root, roomGid: root },
  });
  t.deepEqual(plan.mounts, [
    { kind: 'proc', target: '/run/anchor/proc', attributes: 14 },
    { kind: 'dropzone', fd: 7, target: '/run/anchor/nix/inbox', attributes: 6 },
  ]);
  t.deepEqual(plan.process.argv, ['/run/anchor/nix/tools/enter', 'sh', '-c', 'true']);
  const config = plan.process.env.find((line) => line.startsWith('NIX_CONFIG='))!;
  t.regex(config, /\nsandbox-fallback = false\n/);
  // What the spec says comes last, and counts.
  t.regex(config, /\ncores = 1$/);
});

test('a room that asks for nothing', (t) => {
  const filter = new Uint8Array(16);
  const room = resolved();
  t.deepEqual(buildPlan(room, filter), {
    planVersion: 1,
    id: 'room-0a1b2c3d-1',
    prepared: false,
    hostname: 'room',
    root: {
      lower: { kind: 'image', path: '/planks/a.sqsh', format: 'squashfs', attach: 'loop' },
      layer: null,
      upperBytes: 64 * 1024 * 1024,
      upperInodes: 16_384,
      readOnly: false,
      idmap: true,
    },
    kernelMounts: [
      { kind: 'dev', target: '/dev' },
      { kind: 'devpts', target: '/dev/pts', gid: base + 5 },
      {
        kind: 'tmpfs',
        target: '/dev/shm',
        bytes: 64 * 1024 * 1024,
        mode: 0o1777,
        attributes: nosuid | nodev | noexec,
      },
      { kind: 'mqueue', target: '/dev/mqueue', attributes: nosuid | nodev | noexec },
      { kind: 'proc', target: '/proc', attributes: nosuid | nodev | noexec },
      { kind: 'sysfs', target: '/sys', attributes: nosuid | nodev | noexec | readOnly },
    ],
    mounts: [],
    identity: { kind: 'mapped', base, size: 65_536 },
    network: { kind: 'loopback' },
    pidMax: null,
    cgroup: null,
    rlimits: room.spec.rlimits,
    seccomp: filter,
    capabilities: 0,
    process: {
      argv: ['sh', '-c', 'true'],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      cwd: '/',
      searchPath: ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      uid: 0,
      gid: 0,
      groups: [0],
      capabilities: 0,
      stdio: { kind: 'streams', streams: [{ kind: 'pipe' }, { kind: 'pipe' }, { kind: 'pipe' }] },
    },
    forksAhead: false,
    lifetime: null,
  });
});

test('a room that asks for everything', (t) => {
  const room = resolved(
    {
      command: ['./run', 'x'],
      env: { PATH: '/opt/bin::relative', LANG: 'C' },
      cwd: '/work',
      hostname: 'lab',
      lifetime: '2s',
      limits: { memory: '64MiB', disk: '1MiB', files: 100 },
      capabilities: ['CHOWN', 'NET_BIND_SERVICE', 'CHECKPOINT_RESTORE'],
      readOnlyRoot: true,
      stdio: { pty: { columns: 100, rows: 30 } },
    },
    {
      user: { uid: 1000, gid: 1000, groups: [27, 1000], name: 'me', home: '/home/me' },
      cgroup: {
        parent: '/sys/fs/cgroup/anchor-1',
        writes: [{ file: 'memory.max', value: '67108864' }],
        report: ['cpu.stat'],
        watch: ['memory.events'],
      },
    },
  );
  const plan = buildPlan(room, null);
  t.like(plan, { hostname: 'lab', lifetime: 2000, seccomp: null });
  t.like(plan.root, { upperBytes: 1024 * 1024, upperInodes: 100, readOnly: true });
  t.deepEqual(plan.cgroup, {
    parent: '/sys/fs/cgroup/anchor-1',
    leaf: 'room-0a1b2c3d-1',
    writes: [{ file: 'memory.max', value: '67108864' }],
    report: ['cpu.stat'],
    watch: ['memory.events'],
  });
  t.like(plan.process, { cwd: '/work', uid: 1000, gid: 1000, groups: [27, 1000] });
  t.deepEqual(plan.process.env, ['PATH=/opt/bin::relative', 'LANG=C']);
  t.deepEqual(plan.process.searchPath, ['/opt/bin', 'relative']);
  t.is(plan.process.capabilities, 2 ** 0 + 2 ** 10 + 2 ** 40);
  t.deepEqual(plan.process.stdio, { kind: 'pty', columns: 100, rows: 30 });
});

test('mounts: what the kernel provides with covers on top, then the plank and what was declared', (t) => {
  const plan = buildPlan(
    resolved(
      {},
      {
        plank: {
          lower: { kind: 'skeleton', key: 'host', entries: [] },
          idmap: false,
          binds: [{ ...bind, source: '/usr', at: '/usr', owner: null }],
        },
        mounts: [{ kind: 'tmpfs', at: '/scratch', bytes: 4096, mode: 0o700, noExec: true }, bind],
        covers: [
          { kind: 'mask', target: '/proc/kcore', over: 'file' },
          { kind: 'read-only', target: '/proc/sys' },
        ],
      },
    ),
    null,
  );
  t.deepEqual(
    [...plan.kernelMounts, ...plan.mounts].map(({ kind, target }) => `${kind} ${target}`),
    [
      'dev /dev',
      'devpts /dev/pts',
      'tmpfs /dev/shm',
      'mqueue /dev/mqueue',
      'proc /proc',
      'sysfs /sys',
      'mask /proc/kcore',
      'read-only /proc/sys',
      'bind /usr',
      'tmpfs /scratch',
      'bind /data',
    ],
  );
  t.like(plan.mounts[1], { bytes: 4096, mode: 0o700, attributes: nosuid | nodev | noexec });
});

const binds: readonly (readonly [title: string, bind: Partial<ResolvedBind>, planned: object])[] = [
  ['read-only by default', {}, { attributes: readOnly | nosuid | nodev }],
  ['writable', { access: 'write' }, { attributes: nosuid | nodev }],
  ['without programs', { noExec: true }, { attributes: readOnly | nosuid | nodev | noexec }],
  ['with what is mounted below it', { recursive: true }, { recursive: true }],
  ['a file', { sourceKind: 'file' }, { sourceKind: 'file' }],
  ['owned by the user of the room', {}, { idmap: { hostUid: 1000, hostGid: 100, roomUid: base + 7, roomGid: base + 8 } }],
  ['without an idmap', { owner: null }, { idmap: null }],
]; // prettier-ignore

for (const [title, more, planned] of binds) {
  test(`a bind: ${title}`, (t) => {
    const user = { uid: 7, gid: 8, groups: [8], name: null, home: null };
    const plan = buildPlan(resolved({}, { user, mounts: [{ ...bind, ...more }] }), null);
    t.like(plan.mounts.at(-1), { kind: 'bind', ...planned });
  });
}

test('with the ids of the host nothing is shifted', (t) => {
  const plan = buildPlan(resolved({ identity: 'host' }, { identity: { kind: 'host' } }), null);
  t.like(plan.kernelMounts[1], { kind: 'devpts', gid: 5 });
  t.deepEqual(plan.identity, { kind: 'host' });
});

test('a plan is frozen all the way down and survives JSON', (t) => {
  const plan = buildPlan(resolved({ env: { A: '1' } }), null);
  t.true(Object.isFrozen(plan));
  t.true(Object.isFrozen(plan.mounts[0]));
  t.true(Object.isFrozen(plan.process.env));
  t.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
});

test('the same room gives the same plan', (t) => {
  t.deepEqual(buildPlan(resolved(), null), buildPlan(resolved(), null));
});

test('one more process is as the command where nothing else is said', (t) => {
  const command = buildPlan(
    resolved({ cwd: '/work', env: { A: '1' }, capabilities: ['KILL'] }),
    null,
  ).process;
  const same = planExec(parseExecOptions(['id'], {}), command, null);
  t.deepEqual(same, { ...command, argv: ['id'] });

  const user = { uid: 5, gid: 6, groups: [6], name: null, home: null };
  const options = { env: { PATH: '/x' }, cwd: '/tmp', capabilities: [], stdio: 'ignore' };
  t.deepEqual(planExec(parseExecOptions(['id'], options), command, user), {
    argv: ['id'],
    env: ['PATH=/x'],
    searchPath: ['/x'],
    cwd: '/tmp',
    uid: 5,
    gid: 6,
    groups: [6],
    capabilities: 0,
    stdio: { kind: 'streams', streams: [{ kind: 'null' }, { kind: 'null' }, { kind: 'null' }] },
  });
});
