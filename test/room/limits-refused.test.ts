import test from 'ava';
import type { LimitsSpec, RoomError } from '../../src/index.js';
import { assertNothingLeft, standing } from '../helpers/leftovers.js';
import { useRooms } from '../helpers/room.js';

const rooms = useRooms(test, { reserve: 0 });

/** What a room is asked for, and the file of its cgroup that keeps it. */
const asked: readonly (readonly [limits: LimitsSpec, file: string])[] = [
  [{ memory: '256MiB' }, 'memory.max'],
  [{ memory: '256MiB', swap: '1MiB' }, 'memory.max'],
  [{ cpus: 0.5 }, 'cpu.max'],
  [{ cpuWeight: 50 }, 'cpu.weight'],
  [{ processes: 100 }, 'pids.max'],
];

for (const [limits, file] of asked) {
  const title = JSON.stringify(limits);

  test.serial(`${title} is granted, or refused with a reason and a remedy`, async (t) => {
    const before = await standing(rooms.plank);
    let room;
    try {
      room = (await rooms.anchor.run(rooms.shell('true', { limits }))).room;
    } catch (error) {
      const { code, hint, message } = error as RoomError;
      t.regex(code, /^ERR_ROOM_CGROUP_(HYBRID|ABSENT|CONTROLLER|DELEGATION)$/);
      t.true((hint ?? '').length > 20, hint);
      t.regex(message, /limits\.\w+/);
      t.is(rooms.anchor.rooms.size, 0);
      return assertNothingLeft(t, before, rooms.plank);
    }
    t.true(file in (room.granted.cgroup?.limits ?? {}), 'what is granted is written to the cgroup');
  });

  test.serial(`setLimits(${title}) is as good as its word, too`, async (t) => {
    const room = await rooms.start(t, 'exec sleep 1000');
    const error = (await room.setLimits(limits).catch((reason: unknown) => reason)) as RoomError | undefined;
    if (error === undefined) return t.not(room.granted.cgroup, null);
    t.regex(error.code, /^ERR_ROOM_CGROUP_/);
    t.true((error.hint ?? '').length > 20);
    t.is(room.state, 'running');
  });
}

test.serial('what is not limited is told in granted', async (t) => {
  const { room, outcome } = await rooms.anchor.run(rooms.shell('true'));
  const { notes, cgroup } = room.granted;
  const note = notes.find(({ field }) => field === 'limits');
  const counted = outcome.usage.memoryPeak !== null || outcome.usage.processesPeak !== null;
  t.is(cgroup === null || note !== undefined, !counted, JSON.stringify({ notes, usage: outcome.usage }));
});

test.serial('disk and files are limits of every host', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true', { limits: { disk: '2MiB', files: 300 } }));
  t.deepEqual(room.granted.disk, { bytes: 2 * 1024 * 1024, files: 300 });
  await t.throwsAsync(room.setLimits({ disk: 1 } as LimitsSpec), { instanceOf: RangeError });
});
