import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import test from 'ava';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

/** A field of /proc/self/status of the command. */
function statusField(status: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
}

test('the command has no capability, no way to new privileges, and a filter of system calls', async (t) => {
  const status = await rooms.output(t, 'cat /proc/self/status');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    t.regex(statusField(status, set) ?? '', /^0+$/, set);
  t.is(statusField(status, 'NoNewPrivs'), '1');
  t.is(statusField(status, 'Seccomp'), '2');
});

test('a capability that the spec names counts in the room only', async (t) => {
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell(
      'grep CapEff /proc/self/status; touch /tmp/file; chown 7:7 /tmp/file && stat -c %u /tmp/file; hostname changed || echo refused',
      {
        capabilities: ['CHOWN'],
      },
    ),
  );
  t.deepEqual(lines(stdout), ['CapEff:\t0000000000000001', '7', 'refused']);
  t.deepEqual(room.granted.capabilities, ['CHOWN']);
});

test('room-init keeps only what it needs to start processes, and cannot be read', async (t) => {
  const status = await rooms.output(t, 'cat /proc/1/status');
  const held = Number.parseInt(statusField(status, 'CapEff') ?? '', 16);
  // KILL, SETGID, SETUID, SETPCAP.
  t.is(held & ~0b1_1110_0000, 0);
  t.is(statusField(status, 'NoNewPrivs'), '1');
  t.is(statusField(status, 'Seccomp'), '2');
  const { stdout } = await rooms.anchor.run(
    rooms.shell(
      'for f in exe fd/0 root cwd environ mem; do cat /proc/1/$f >/dev/null 2>&1 && echo $f; done; readlink /proc/1/exe',
    ),
  );
  t.is(stdout, '');
});

test('ids of the room are other ids on the host', async (t) => {
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell('cat /proc/self/uid_map /proc/self/gid_map; id'),
  );
  const { identity } = room.granted;
  if (identity.kind === 'host') return t.fail('no mapped identity on this host');
  const [uids, gids, id] = lines(stdout);
  for (const map of [uids, gids])
    t.deepEqual(map?.trim().split(/\s+/).map(Number), [0, identity.base, identity.size]);
  t.true(identity.base >= 65_536);
  t.is(id, 'uid=0(root) gid=0(root) groups=0(root)');
});

test('the process of the room is one without rights on the host', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  const status = readFileSync(`/proc/${room.pid}/status`, 'utf8');
  const { identity } = room.granted;
  const base = identity.kind === 'mapped' ? identity.base : 0;
  t.is(statusField(status, 'Uid'), [base, base, base, base].join('\t'));
});

test('every namespace of the room is its own', async (t) => {
  const { stdout, room } = await rooms.anchor.run(
    rooms.shell('for n in mnt pid ipc uts net cgroup user; do echo $n $(readlink /proc/self/ns/$n); done'),
  );
  const inside = new Map(lines(stdout).map((line) => line.split(' ') as [string, string]));
  for (const kind of room.granted.namespaces) {
    const name = inside.get(kind);
    t.regex(name ?? '', new RegExp(`^${kind}:\\[\\d+\\]$`));
    t.not(name, readlinkSync(`/proc/self/ns/${kind}`), kind);
  }
  for (const kind of ['mnt', 'pid', 'ipc', 'uts', 'net', 'user'])
    t.true(room.granted.namespaces.includes(kind), kind);
});

test('two rooms share no namespace', async (t) => {
  const command = 'for n in mnt pid ipc uts net user; do readlink /proc/self/ns/$n; done; sleep 1000';
  const [first, second] = await Promise.all([rooms.start(t, command), rooms.start(t, command)]);
  const names = (pid: number): string[] =>
    ['mnt', 'pid', 'ipc', 'uts', 'net', 'user'].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
  t.deepEqual(
    names(first.pid).filter((name) => names(second.pid).includes(name)),
    [],
  );
});

test('there is one network interface, and it is up', async (t) => {
  const output = await rooms.output(t, 'tail -n +3 /proc/net/dev | cut -d: -f1; loopback');
  const [device, ...reached] = lines(output).map((line) => line.trim());
  t.is(device, 'lo');
  t.true(reached.includes('127.0.0.1'));
  t.is(reached.includes('::1'), existsSync('/proc/sys/net/ipv6'));
});

test('nothing that listens on the host can be reached', async (t) => {
  const servers = ['\0' + rooms.directory, { port: 0, host: '127.0.0.1' }].map((address) =>
    createServer().listen(address),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const { port } = servers[1]?.address() as AddressInfo;
  const output = await rooms.output(
    t,
    `cat /proc/net/unix | wc -l; nc 127.0.0.1 ${port} </dev/null 2>&1 || echo refused`,
  );
  for (const server of servers) server.close();
  t.is(lines(output)[0], '1', 'only the heading of the table of sockets');
  t.is(lines(output).at(-1), 'refused');
});

test('only the three standard descriptors are open', async (t) => {
  t.deepEqual(lines(await rooms.output(t, 'exec descriptors')), ['0', '1', '2']);
});

test('the mounts are those that were granted, and none shows a path of the host', async (t) => {
  const { stdout, room } = await rooms.anchor.run(rooms.shell('cat /proc/self/mountinfo'));
  const mounts = lines(stdout).map((line) => line.split(' '));
  const expected = ['/', ...room.granted.mounts.map(({ at }) => at)];
  t.deepEqual(mounts.map((fields) => fields[4] ?? '').sort(), expected.sort());
  t.false(stdout.includes(rooms.directory));
  t.false(stdout.includes('/dev/loop'));
  t.false(stdout.includes('master:') || stdout.includes('shared:'), 'no mount propagates');
});

test('no file of the host is in sight', async (t) => {
  t.true(existsSync(rooms.directory));
  const found = await rooms.output(
    t,
    `for p in ${rooms.directory} ${process.cwd()} /../../../../${rooms.directory} /proc/1/root${rooms.directory}; do
       [ -e $p ] && echo $p; done; true`,
  );
  t.is(found, '');
});

test('what a kernel exploit would start with is refused', async (t) => {
  const { stdout, stderr, outcome } = await rooms.anchor.run(rooms.spec(['attempt']));
  t.is(outcome.exitCode, 0, stderr);
  const refusals = /^(EPERM|EACCES|ENOSYS|EAFNOSUPPORT|EPROTONOSUPPORT|killed by \d+)$/;
  const results = lines(stdout).map((line) => {
    const [, name = '', result = ''] = /^(.*?) (0|E[A-Z0-9]+|killed by \d+)$/.exec(line) ?? [];
    return { name, result };
  });
  t.true(results.length > 50);
  t.deepEqual(
    results.filter(({ result }) => !refusals.test(result)),
    [],
  );
});

test('it stays refused for a process that has every capability of its room', async (t) => {
  const names = [
    'unshare(NEWUSER)',
    'clone(NEWUSER)',
    'mount(tmpfs)',
    'mount(bind)',
    'fsopen',
    'open_tree',
    'bpf',
  ];
  const { stdout } = await rooms.anchor.run(
    rooms.spec(
      ['attempt', ...names, 'socket(AF_ALG)', 'io_uring_setup', 'keyctl', 'ptrace(init)', 'i386', 'x32'],
      {
        capabilities: ['SYS_ADMIN', 'SYS_PTRACE', 'DAC_OVERRIDE', 'SETUID', 'SETGID', 'SETFCAP'],
      },
    ),
  );
  t.deepEqual(
    lines(stdout).filter((line) => line.endsWith(' 0')),
    [],
  );
});

test('unshare, mount and mknod of busybox are refused', async (t) => {
  const output = await rooms.output(
    t,
    'unshare -U true || echo unshare; mount -t tmpfs none /tmp || echo mount; mknod /tmp/node c 1 1 || echo mknod',
  );
  t.deepEqual(lines(output), ['unshare', 'mount', 'mknod']);
});

test('signals start with their defaults, and none is blocked', async (t) => {
  const status = await rooms.output(t, 'exec cat /proc/self/status');
  for (const set of ['SigBlk', 'SigIgn']) t.regex(statusField(status, set) ?? '', /^0+$/, set);
});

test('priority and scheduling policy are the default whatever the threads that make rooms have', async (t) => {
  // proc_pid_stat(5): field 19 is the nice value, 41 the policy; SCHED_OTHER is 0.
  t.is(await rooms.output(t, 'exec cut -d" " -f19,41 /proc/self/stat'), '0 0');
});
