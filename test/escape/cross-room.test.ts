// Class 23: two rooms meet through something that has no namespace (isolate 2.4 to 2.6: /dev/shm, keyrings, AF_VSOCK, file
// locks on shared inodes).
// Rule: each room has an overlay, a /dev, a /proc, a /sys, a /dev/shm, an mqueue file system, an IPC, PID and network
//   namespace and a session keyring of its own. Namespaces: args.flags in RoomJob::Clone() of native/launch/room_job.cc, and
//   the flags of StartRoom() in native/launch/init_process.cc; mounts: planKernelMounts() in src/plan/mounts.ts, MakeRoot() in
//   native/init/assemble/root.cc. Lists that have no namespace are masked (`hidden` in src/host/proc-masks.ts).
// Mutation: take CLONE_NEWIPC or CLONE_NEWPID out of args.flags; or in kernelMounts() make '/dev/shm' a bind of the host's
//   (`{ kind: 'bind', source: '/dev/shm', sourceKind: 'directory', target: '/dev/shm', attributes: CONFINED, recursive: false,
//   idmap: null }`); or in StartRoom() leave out CLONE_NEWNET; or in
//   `hidden` leave out '/proc/locks'.
import { readFileSync } from 'node:fs';
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { syscallNumbers } from '../../src/plan/seccomp/syscalls-x64.js';
import { useRooms } from '../helpers/room.js';
import { armed } from './helpers/hostile-program.js';
import { verdicts } from './helpers/syscall-probe.js';
import { idleRoom, meet, saidBy, saidUntil } from './helpers/two-rooms.js';

const rooms = useRooms(test);

/** What one may leave, and where. The rest of a word list is its path or name. */
const channels = [
  // Locks: on a file and directories of the plank, on devices, and on files of the kernel.
  ...['/etc/passwd', '/etc', '/', '/dev/null', '/dev', '/dev/shm', '/dev/pts/ptmx', '/proc/version', '/sys/kernel/uevent_seqnum'].map(
    (path) => ['flock', path],
  ),
  ['posix-lock', '/etc/passwd'],
  ['posix-lock', '/dev/null'],
  ['ofd-lock', '/bin/busybox'],
  ['ofd-lock', '/dev/zero'],
  ['lease', '/etc/passwd'],
  // Memory and queues.
  ['shm', '/meet'],
  ['mqueue', '/meet'],
  ['sysv'],
  // Sockets.
  ['unix', '@meet'],
  ['unix', '/tmp/meet'],
  ['unix', '/dev/shm/meet'],
  // Each other's processes.
  ['name', 'meet-here'],
]; // prettier-ignore

for (const channel of channels)
  test(`two rooms do not meet by ${channel.join(' ')}`, async (t) => {
    const other = await idleRoom(t, rooms);
    t.deepEqual(
      await meet(t, rooms, channel, null),
      { looked: 'met', noticed: 0 },
      'there is something to find',
    );
    t.deepEqual(await meet(t, rooms, channel, other), { looked: 'nothing', noticed: 0 });
  });

/** What one may do that others notice. */
const stirs = [
  ['signal'],
  ...['/etc/passwd', '/etc', '/', '/bin', '/dev', '/proc/version', '/sys/kernel'].map((path) => [
    'inotify',
    path,
  ]),
  ...['/etc', '/', '/dev'].map((path) => ['dnotify', path]),
];

for (const channel of stirs)
  test(`one room does not notice what another does: ${channel.join(' ')}`, async (t) => {
    const other = await idleRoom(t, rooms);
    t.true((await meet(t, rooms, channel, null)).noticed > 0, 'it would be noticed');
    t.is((await meet(t, rooms, channel, other)).noticed, 0);
  });

// They have no namespace: a room of a guest would meet others, and the hypervisor, by the number of its machine.
test('two rooms do not meet by sockets of virtual machines, on kernels that have none as well', async (t) => {
  const asked = [syscallNumbers.socket, syscallNumbers.socketpair].map((number) => `${number},40,1,0`);
  for (const identity of ['mapped', 'host'] as const)
    t.deepEqual(
      [...(await verdicts(t, rooms, ['call', ...asked], { identity }))],
      asked.map((call) => [call, 'EAFNOSUPPORT']),
    );
});

test('keys of a user are those of the room, where a spec allows to have any', async (t) => {
  const more: Partial<RoomSpec> = { seccomp: { allow: ['keyctl', 'add_key', 'request_key'] } };
  for (const user of ['root', 'app']) {
    const other = await idleRoom(t, rooms, { ...more, user });
    t.is((await meet(t, rooms, ['key', 'meet'], null, { ...more, user })).looked, 'met');
    t.is((await meet(t, rooms, ['key', 'meet'], other, { ...more, user })).looked, 'nothing');
  }
});

// The kernel lists locks of open file descriptions whoever holds them, because their holder is no process: /proc/locks is masked.
test('locks of one room do not stand in /proc/locks of another', async (t) => {
  const other = await idleRoom(t, rooms);
  const channel = ['lock-list', '/etc/passwd'];
  const leaver = await rooms.anchor.spawn(rooms.spec(['hostile', 'leave', ...channel], await armed({})));
  t.teardown(() => leaver.destroy());
  await saidUntil(leaver, 'left');
  // The offset of its lock: KEY in programs/hostile/channels.c.
  t.regex(readFileSync('/proc/locks', 'utf8'), / 6209758 /, 'there is something to find');
  t.is(await saidBy(other, ['hostile', 'look', ...channel]), 'nothing');
});
