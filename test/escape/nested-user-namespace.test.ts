// Class 10: capabilities gained in a nested user namespace reach old kernel code (CVE-2022-0185, CVE-2024-1086,
// CVE-2023-32233, CVE-2021-22555, CVE-2023-0386).
// Rule: nobody in a room makes or enters a namespace. The rows `clone`, `unshare`, `clone3`, `setns` of
//   src/plan/seccomp/default-profile.ts; and what a descriptor of a namespace could be had from is not dumpable (room-init:
//   PR_SET_DUMPABLE 0 in Supervise() of native/init/supervise.cc) or belongs to the host's user namespace, so that a
//   capability in the room means nothing to it (BecomeRoomRoot() in native/init/assemble/privileges.cc enters it last).
// Mutation: in default-profile.ts change `newNamespaces` to 0x6e02_0000, which forgets CLONE_NEWUSER; or take out the row `unshare`.
import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { namespacesOf, tasksOf } from '../helpers/host-state.js';
import { lines, useRooms } from '../helpers/room.js';
import { armed } from './helpers/hostile-program.js';
import { baseOf, processesWithIds } from './helpers/room-processes.js';
import { saidUntil } from './helpers/two-rooms.js';

const rooms = useRooms(test);

/**
 * All that a room can be given without a filter of its own, and which descriptors of namespaces are then to be had. They open
 * no door: setns(2) is refused whatever it is given.
 */
const grants: readonly (readonly [title: string, more: Partial<RoomSpec>, descriptors: RegExp])[] = [
  ['no capability', {}, /^$/],
  [
    'capabilities',
    { capabilities: ['SYS_ADMIN', 'SYS_PTRACE', 'SETUID', 'SETGID', 'SYS_CHROOT', 'NET_ADMIN'] },
    /^PIDFD_GET of 1\(\d+\) 0$/,
  ],
  ['the ids of the host', { identity: 'host' }, /^NS_GET_USERNS\(\w+\) 0$/],
];

for (const [title, more, descriptors] of grants)
  test(`no namespace is made or entered, with ${title}`, async (t) => {
    const room = await rooms.anchor.spawn(rooms.spec(['hostile', 'namespaces'], await armed(more)));
    t.teardown(() => room.destroy());
    const results = lines(await saidUntil(room, 'tried')).slice(0, -1);
    t.true(results.length > 120, `${results.length}`);
    t.deepEqual(
      results.filter((line) => !/ E(PERM|ACCES|NOSYS|INVAL|NOTTY)$/.test(line) && !descriptors.test(line)),
      [],
    );
  });

test('as the host sees it, every process is in the namespaces of room-init and in no others', async (t) => {
  const room = await rooms.anchor.spawn(rooms.spec(['hostile', 'namespaces'], await armed()));
  t.teardown(() => room.destroy());
  await saidUntil(room, 'tried');
  const expected = namespacesOf(`/proc/${room.pid}`).sort();
  t.is(expected.length, 7);
  const seen = processesWithIds(baseOf(room));
  // A process that got somewhere would be waiting there.
  t.is(seen.length, 2);
  for (const { pid } of seen)
    for (const task of tasksOf(pid)) t.deepEqual(namespacesOf(task).sort(), expected, `${pid}`);
});

test('busybox programs that would use one are refused', async (t) => {
  const output = await rooms.output(
    t,
    `for f in U m p n i u C; do unshare -$f true 2>/dev/null && echo "unshare -$f"; done
     for f in user mnt pid net ipc uts; do nsenter -t 1 --$f true 2>/dev/null && echo "nsenter $f"; done
     for f in U m n i u; do nsenter -t $$ -$f true 2>/dev/null && echo "nsenter own $f"; done
     chroot / true 2>/dev/null && echo chroot
     mkdir -p /tmp/m && mount -t proc none /tmp/m 2>/dev/null && echo mount; umount -l / 2>/dev/null && echo umount
     true`,
  );
  t.is(output, '');
});
