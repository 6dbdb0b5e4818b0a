import test from 'ava';
import type { CgroupChoice } from '../../src/host/cgroup.js';
import { createHost, type Host, type HostNative } from '../../src/host/host.js';
import { IdRanges } from '../../src/host/ids.js';
import { resolveRoom } from '../../src/host/resolve.js';
import type { CheckedSpec } from '../../src/spec/checked.js';
import { madeUpFiles, madeUpSources, type MadeUp } from './made-up-files.js';

type SpecParts = Partial<CheckedSpec>;

function spec(parts: SpecParts = {}): CheckedSpec {
  return {
    plank: { kind: 'image', path: '/planks/a.sqsh' },
    plankDigest: null,
    command: ['true'],
    env: [['PATH', '/bin']],
    cwd: '/',
    hostname: 'room',
    user: { kind: 'name', user: 'root', group: null },
    identity: 'mapped',
    mounts: [],
    nix: null,
    limits: {
      memory: null,
      swap: null,
      cpus: null,
      cpuWeight: null,
      processes: null,
      disk: 67_108_864,
      files: 16_384,
      ioWeight: null,
      io: [],
    },
    rlimits: [],
    lifetime: null,
    capabilities: [],
    services: [],
    seccomp: { kind: 'default', allow: [] } as unknown as CheckedSpec['seccomp'],
    stdio: { kind: 'streams', streams: [{ kind: 'pipe' }, { kind: 'pipe' }, { kind: 'pipe' }] },
    readOnlyRoot: false,
    ...parts,
  };
}

const subtree: CgroupChoice = {
  kind: 'subtree',
  parent: '/cg',
  controllers: ['cpu', 'io', 'memory', 'pids'],
  missing: {},
  preparation: null,
  swap: true,
};

const digest = 'a'.repeat(64);

function fault(errno: number): Error {
  return Object.assign(new Error('fault'), {
    fault: { step: 'mount.plank', syscall: 'fsconfig', errno, path: '', detail: '' },
  });
}

interface MadeUpHost extends Host {
  readonly asked: string[];
  readonly tree: Record<string, MadeUp>;
  readonly claimed: Set<number>;
}

function host(
  options: {
    native?: Partial<HostNative>;
    cgroup?: CgroupChoice;
    format?: 'squashfs' | 'erofs';
    idmap?: (path: string) => boolean;
  } = {},
): MadeUpHost {
  const asked: string[] = [];
  const claimed = new Set<number>();
  const files = madeUpFiles({
    '/planks/a.sqsh': 'plank',
    '/planks/b.erofs': 'plank',
    '/usr/bin/sh': '',
    '/srv/data': { kind: 'directory', uid: 1000, gid: 1001, dev: 'disk' },
    '/srv/more': { kind: 'directory', uid: 0, gid: 0, dev: 'disk' },
    '/srv/link': { linkTo: '/srv/data' },
    '/nfs/share': { kind: 'directory', uid: 1000, gid: 1000, dev: 'nfs' },
    '/srv/file': { kind: 'file', uid: 5, gid: 6, dev: 'disk' },
    '/run/docker.sock': { kind: 'socket' },
    '/dev/sda': { kind: 'block' },
    '/dev/null': { kind: 'character' },
    '/srv/fifo': { kind: 'fifo' },
    '/proc/latency_stats': 'x',
  });
  const native: HostNative = {
    openPlank: async (lower) => {
      asked.push(`open ${lower.kind === 'image' ? `${lower.attach} ${lower.path}` : lower.kind}`);
      return { idmap: true };
    },
    probeIdmap: async (path) => {
      asked.push(`probe ${path}`);
      return options.idmap?.(path) ?? !path.startsWith('/nfs');
    },
    readPlankFile: async (_lower, path) => {
      asked.push(`read ${path}`);
      return path === '/etc/passwd' ? Buffer.from('me:x:1000:1000::/home/me:\n') : null;
    },
    ...options.native,
  };
  const made = createHost({
    native,
    nixTools: '/package/nix/room',
    planks: {
      header: async () => ({ format: options.format ?? 'squashfs' }),
      digest: async () => `sha256:${digest}`,
    },
    ids: new IdRanges({
      claim: (name) => {
        claimed.add(Number(name.split('/').at(-1)));
        return 1;
      },
      release: () => undefined,
    }),
    cgroup: {
      choice: options.cgroup ?? subtree,
      directory: options.cgroup?.kind === 'none' ? null : '/cg/anchor-1',
    },
    ownPidMax: true,
    files,
    sources: madeUpSources(files),
  });
  return Object.assign(made, { asked, tree: files.tree, claimed });
}

test('a plain room', async (t) => {
  const on = host();
  const room = await resolveRoom(spec(), on);
  t.like(room, {
    plank: {
      lower: { kind: 'image', path: '/planks/a.sqsh', format: 'squashfs', attach: 'loop' },
      idmap: true,
      binds: [],
    },
    mounts: [],
    covers: [
      { kind: 'mask', target: '/sys/devices/virtual/block' },
      { kind: 'mask', target: '/proc/latency_stats' },
    ],
    identity: { kind: 'mapped', size: 65_536 },
    user: { uid: 0 },
    notes: [],
  });
  t.like(room.cgroup, { parent: '/cg/anchor-1', writes: [], watch: ['memory.events', 'pids.events'] });
  t.regex(room.place.id, /^room-[0-9a-f]{8}-1$/);
  t.deepEqual(on.asked, ['open loop /planks/a.sqsh']);
});

test('ids and ranges are never the same', async (t) => {
  const on = host();
  const rooms = await Promise.all(Array.from({ length: 50 }, () => resolveRoom(spec(), on)));
  t.is(new Set(rooms.map(({ place }) => place.id)).size, 50);
  t.is(new Set(rooms.map(({ identity }) => JSON.stringify(identity))).size, 50);
  t.is(on.asked.length, 1);
});

test('a plank that was replaced is opened again', async (t) => {
  const on = host();
  await resolveRoom(spec(), on);
  on.tree['/planks/a.sqsh'] = 'another';
  await resolveRoom(spec(), on);
  t.is(on.asked.length, 2);
});

test('a relative path and a link', async (t) => {
  const on = host();
  const here = process.cwd();
  on.tree[`${here}/mine.sqsh`] = { linkTo: '/planks/a.sqsh' };
  const room = await resolveRoom(spec({ plank: { kind: 'image', path: 'mine.sqsh' } }), on);
  t.like(room.plank.lower, { path: '/planks/a.sqsh' });
});

test('a plank that could not be opened is tried again', async (t) => {
  let tries = 0;
  const on = host({
    native: {
      openPlank: async () => {
        if (++tries === 1) throw fault(5);
        return { idmap: true };
      },
    },
  });
  const error = await t.throwsAsync(resolveRoom(spec(), on));
  t.like(error, { code: 'ERR_ROOM_PLANK_INVALID', errno: -5, syscall: 'fsconfig' });
  await t.notThrowsAsync(resolveRoom(spec(), on));
});

test('the digest is compared', async (t) => {
  await t.notThrowsAsync(resolveRoom(spec({ plankDigest: digest }), host()));
  const error = await t.throwsAsync(resolveRoom(spec({ plankDigest: 'b'.repeat(64) }), host()));
  t.like(error, { code: 'ERR_ROOM_PLANK_DIGEST' });
  const onHost = await t.throwsAsync(
    resolveRoom(spec({ plank: { kind: 'host' }, plankDigest: digest }), host()),
  );
  t.like(onHost, { code: 'ERR_ROOM_PLANK_DIGEST' });
});

test('a plank without idmap is told', async (t) => {
  const on = host({ native: { openPlank: async () => ({ idmap: false }) } });
  const room = await resolveRoom(spec(), on);
  t.false(room.plank.idmap);
  t.regex(room.notes[0]?.text ?? '', /owned by nobody/);
});

test('the ids of the host', async (t) => {
  const on = host();
  const room = await resolveRoom(
    spec({
      identity: 'host',
      mounts: [
        {
          kind: 'host',
          index: 0,
          host: '/nfs/share',
          at: '/a',
          write: true,
          noExec: false,
          recursive: false,
        },
      ],
    }),
    on,
  );
  t.deepEqual(room.identity, { kind: 'host' });
  t.false(room.plank.idmap);
  t.like(room.mounts[0], { owner: null, access: 'write' });
  t.is(on.claimed.size, 0);
  t.false(on.asked.some((call) => call.startsWith('probe')));
});

const mount = (index: number, path: string, write = false) =>
  ({ kind: 'host', index, host: path, at: `/m${index}`, write, noExec: false, recursive: false }) as const;

test('mounts: links are followed, owners looked up, a file system probed once', async (t) => {
  const on = host();
  const room = await resolveRoom(
    spec({
      mounts: [
        mount(0, '/srv/link', true),
        { kind: 'tmpfs', index: 1, bytes: 4096, at: '/t', mode: 0o1777, noExec: true },
        mount(2, '/srv/file'),
      ],
    }),
    on,
  );
  t.deepEqual(room.mounts, [
    {
      kind: 'bind',
      source: '/srv/data',
      sourceKind: 'directory',
      at: '/m0',
      access: 'write',
      noExec: false,
      recursive: false,
      owner: { uid: 1000, gid: 1001 },
    },
    { kind: 'tmpfs', at: '/t', bytes: 4096, mode: 0o1777, noExec: true },
    {
      kind: 'bind',
      source: '/srv/file',
      sourceKind: 'file',
      at: '/m2',
      access: 'read',
      noExec: false,
      recursive: false,
      owner: { uid: 5, gid: 6 },
    },
  ]);
  t.is(on.asked.filter((call) => call.startsWith('probe')).length, 1);
});

test('a mount that root owns is told', async (t) => {
  const room = await resolveRoom(spec({ mounts: [mount(0, '/srv/more', true)] }), host());
  t.regex(room.notes[0]?.text ?? '', /belongs to root on the host/);
});

test('a file system without idmap: reading is told, writing refused', async (t) => {
  const room = await resolveRoom(spec({ mounts: [mount(0, '/nfs/share')] }), host());
  t.like(room.mounts[0], { owner: null, access: 'read' });
  t.is(room.notes[0]?.field, 'mounts[0]');
  const error = await t.throwsAsync(resolveRoom(spec({ mounts: [mount(3, '/nfs/share', true)] }), host()));
  t.like(error, { code: 'ERR_ROOM_MOUNT_IDMAP', path: '/nfs/share' });
  t.regex(error.message, /^mounts\[3\]/);
});

for (const [path, words] of [
  ['/run/docker.sock', 'a socket'],
  ['/dev/sda', 'a block device'],
  ['/dev/null', 'a character device'],
  ['/srv/fifo', 'a FIFO'],
  ['/srv/nothing', 'does not exist'],
] as const) {
  test(`no source: ${path}`, async (t) => {
    const on = host();
    const error = await t.throwsAsync(resolveRoom(spec({ mounts: [mount(1, path)] }), on));
    t.like(error, { code: 'ERR_ROOM_MOUNT_SOURCE', path });
    t.true(error.message.startsWith(`mounts[1].host: ${path}`));
    t.true(error.message.includes(words));
    t.is(on.claimed.size, 0);
  });
}

test('a user is looked up in the plank, once', async (t) => {
  const on = host();
  for (let round = 0; round < 3; round++) {
    const room = await resolveRoom(spec({ user: { kind: 'name', user: 'me', group: null } }), on);
    t.like(room.user, { uid: 1000, gid: 1000, name: 'me', home: '/home/me' });
  }
  t.deepEqual(on.asked.slice(1), ['read /etc/passwd', 'read /etc/group']);
});

test('a file of the plank that was cut loses its last line', async (t) => {
  const text = Buffer.alloc(1 << 20, 'x');
  text.write('a:x:1:1:::\n');
  text.write('\nb:x:2:2:::', text.length - 11);
  const on = host({ native: { readPlankFile: async () => text } });
  await t.throwsAsync(resolveRoom(spec({ user: { kind: 'name', user: 'b', group: null } }), on), {
    message: /'b' is not in/,
  });
  t.like((await resolveRoom(spec({ user: { kind: 'name', user: 'a', group: null } }), on)).user, { uid: 1 });
});

test("the plank 'host'", async (t) => {
  const on = host();
  const room = await resolveRoom(
    spec({ plank: { kind: 'host' }, user: { kind: 'name', user: 'nobody', group: null } }),
    on,
  );
  t.like(room.plank.lower, { kind: 'skeleton' });
  t.like(room.plank.binds[0], { source: '/usr', access: 'read' });
  t.like(room.user, { uid: 65_534, gid: 65_534 });
  await resolveRoom(spec({ plank: { kind: 'host' } }), on);
  t.deepEqual(on.asked, ['open skeleton']);
});

test('limits become writes, or are refused before anything else happens', async (t) => {
  const limits = { ...spec().limits, memory: 4096, swap: 0, processes: 9 };
  const room = await resolveRoom(spec({ limits }), host());
  t.deepEqual(
    room.cgroup?.writes.map(({ file }) => file),
    ['memory.oom.group', 'memory.max', 'memory.swap.max', 'pids.max'],
  );

  const on = host({ cgroup: { kind: 'none', code: 'ERR_ROOM_CGROUP_ABSENT', reason: 'r', remedy: 'm' } });
  const error = await t.throwsAsync(resolveRoom(spec({ limits }), on));
  t.like(error, { code: 'ERR_ROOM_CGROUP_ABSENT' });
  t.deepEqual(on.asked, []);
  t.is((await resolveRoom(spec(), on)).cgroup, null);
});

test('what cgroups do not give is told', async (t) => {
  const missing = { code: 'ERR_ROOM_CGROUP_HYBRID', reason: 'held by cgroup v1', remedy: '' } as const;
  const on = host({ cgroup: { ...subtree, controllers: [], missing: { memory: missing } } as CgroupChoice });
  const room = await resolveRoom(spec(), on);
  t.deepEqual(room.notes, [
    { field: 'limits', text: 'neither limited nor counted: memory (held by cgroup v1)' },
  ]);
  t.deepEqual(room.cgroup?.report, ['cpu.stat']);
});

test('without a vault nothing of one is looked for, and no plank either', async (t) => {
  const on = host();
  const error = await t.throwsAsync(
    resolveRoom(
      spec({ mounts: [{ kind: 'vault', index: 1, reference: 'models/m', at: '/m', noExec: false }] }),
      on,
    ),
  );
  t.like(error, { code: 'ERR_ROOM_NO_VAULT' });
  t.regex(error.message, /^mounts\[1\]\.vault: /);
  t.deepEqual(on.asked, []);
});
