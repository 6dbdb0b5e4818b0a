import { readFileSync } from 'node:fs';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { Room, RoomError } from '../../src/index.js';
import { nextText, often, until, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);
const counting = 'i=0; while :; do i=$((i+1)); echo $i > /tmp/count; done';

/** False on a host that gives rooms no cgroup: then freezing has to be refused with a reason. */
async function canFreeze(room: Room): Promise<boolean> {
  if (room.granted.cgroup !== null) return true;
  const error = await room.freeze().then(
    () => null,
    (reason: unknown) => reason as RoomError,
  );
  if (error?.code.startsWith('ERR_ROOM_CGROUP_') !== true) throw new Error('frozen without a cgroup');
  return false;
}

const ticks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
};

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

test('a frozen room computes nothing, and goes on when it is thawed', async (t) => {
  const room = await rooms.start(t, counting);
  if (!(await canFreeze(room))) return t.pass();
  const command = childOf(room.pid);
  await until(() => ticks(command) > 2);
  await room.freeze();
  const before = ticks(command);
  await sleep(300);
  t.is(ticks(command), before);
  await room.thaw();
  await until(() => ticks(command) > before);
});

test('freezing and thawing twice is as good as once', async (t) => {
  const room = await rooms.start(t, 'echo ready; read line; echo $line');
  if (!(await canFreeze(room))) return t.pass();
  await nextText(room.stdout);
  await Promise.all([room.freeze(), room.freeze()]);
  await room.freeze();
  await room.thaw();
  await room.thaw();
  room.stdin?.end('on\n');
  t.is(await nextText(room.stdout), 'on\n');
});

test('a frozen room can be destroyed', async (t) => {
  const room = await rooms.start(t, counting);
  if (!(await canFreeze(room))) return t.pass();
  await room.freeze();
  await room.destroy();
  t.is((await room.exited).reason, 'destroyed');
});

test('a frozen room still ends with its lifetime', async (t) => {
  const room = await rooms.start(t, counting, { lifetime: '1h' });
  if (!(await canFreeze(room))) return t.pass();
  await room.freeze();
  // Counted from here: a shorter lifetime might end before it is frozen.
  room.extend('300ms');
  t.is((await room.exited).reason, 'timed-out');
});

test('files of a frozen room can be read', async (t) => {
  const room = await rooms.start(t, 'echo content > /tmp/file; echo ready; sleep 1000');
  await nextText(room.stdout);
  if (!(await canFreeze(room))) return t.pass();
  await room.freeze();
  t.is(await room.files.read('/tmp/file', { encoding: 'utf8' }), 'content\n');
});

test('a room that has ended cannot be frozen', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  await room.removed;
  const error = await t.throwsAsync(room.freeze());
  const expected = room.granted.cgroup === null ? /^ERR_ROOM_CGROUP_/ : /^ERR_ROOM_ENDED$/;
  t.regex((error as RoomError).code, expected);
});

test('while a room dies, freezing it works or says that it has ended', async (t) => {
  const codes = new Set<string>();
  for (let round = 0; round < often(100); round++) {
    const room = await rooms.anchor.spawn(rooms.spec(['sleep', '1000']));
    if (room.granted.cgroup === null) return t.pass('no cgroup on this host');
    process.kill(room.pid, 'SIGKILL');
    for (; room.state === 'running'; await turn())
      await room.freeze().catch((error: unknown) => codes.add((error as RoomError).code));
  }
  t.deepEqual([...codes], ['ERR_ROOM_ENDED']);
});
