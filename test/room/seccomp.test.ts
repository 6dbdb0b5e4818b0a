import test from 'ava';
import type { OciSeccompProfile, RoomError } from '../../src/index.js';
import { lines, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test('the default profile is granted by its name', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  t.is(room.granted.seccomp?.profile, 'default');
});

test('system calls that the spec allows again work, and no others', async (t) => {
  const attempts = ['keyctl', 'userfaultfd', 'bpf', 'io_uring_setup'];
  const denied = lines((await rooms.anchor.run(rooms.spec(['attempt', ...attempts]))).stdout);
  t.deepEqual(
    denied.filter((line) => line.endsWith(' 0')),
    [],
  );
  const allowed = lines(
    (await rooms.anchor.run(rooms.spec(['attempt', ...attempts], { seccomp: { allow: ['keyctl'] } }))).stdout,
  );
  t.is(
    allowed.find((line) => line.startsWith('keyctl')),
    'keyctl 0',
  );
  t.deepEqual(
    allowed.filter((line) => !line.startsWith('keyctl')),
    denied.filter((line) => !line.startsWith('keyctl')),
  );
});

test('a profile of one’s own replaces the default', async (t) => {
  const profile: OciSeccompProfile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 122 }],
  };
  const { stdout, stderr, room } = await rooms.anchor.run(
    rooms.shell('mkdir /tmp/new; grep Seccomp: /proc/self/status', { seccomp: { profile } }),
  );
  t.regex(stderr, /Disk quota exceeded/);
  t.is(stdout, 'Seccomp:\t2\n');
  t.is(room.granted.seccomp?.profile, 'oci');
});

test('a profile that kills is told as SIGSYS', async (t) => {
  const profile: OciSeccompProfile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_KILL_PROCESS' }],
  };
  const { outcome } = await rooms.anchor.run(rooms.spec(['mkdir', '/tmp/new'], { seccomp: { profile } }));
  t.is(outcome.reason, 'signaled');
  t.is(outcome.signal, 'SIGSYS');
});

test('a profile that would stop room-init itself is refused before anything is made', async (t) => {
  for (const profile of [
    { defaultAction: 'SCMP_ACT_ERRNO' },
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['execve'], action: 'SCMP_ACT_KILL' }] },
  ]) {
    const error = await t.throwsAsync(rooms.anchor.spawn(rooms.shell('true', { seccomp: { profile } })));
    t.is((error as RoomError).code, 'ERR_ROOM_SECCOMP_PROFILE');
  }
});
