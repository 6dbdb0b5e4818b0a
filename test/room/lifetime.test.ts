import test from 'ava';
import { nextText, slowness, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test.serial('a room ends with its lifetime, whatever runs in it', async (t) => {
  const { outcome } = await rooms.anchor.run(
    rooms.shell('trap "" TERM INT HUP; (trap "" TERM; sleep 1000) & while :; do sleep 1000; done', {
      lifetime: '200ms',
    }),
  );
  t.is(outcome.reason, 'timed-out');
  t.is(outcome.exitCode, null);
  t.is(outcome.signal, null);
  t.deepEqual(outcome.limits, [{ limit: 'lifetime', count: 1, where: 'room' }]);
  t.true(outcome.usage.wall >= 200_000);
});

test.serial('one that is done before is not touched', async (t) => {
  const { outcome, room } = await rooms.anchor.run(rooms.shell('exit 5', { lifetime: '60s' }));
  t.is(outcome.reason, 'exited');
  t.is(outcome.exitCode, 5);
  t.deepEqual(outcome.limits, []);
  t.is(room.granted.lifetime, 60_000);
});

test.serial('without one there is no deadline', async (t) => {
  const room = await rooms.start(t, 'sleep 0.3; exit 6');
  t.is(room.granted.lifetime, null);
  t.is((await room.exited).exitCode, 6);
});

test.serial('it can be made longer, counted from now', async (t) => {
  const room = await rooms.start(t, `echo ready; sleep ${0.6 * slowness}; exit 7`, {
    lifetime: 400 * slowness,
  });
  await nextText(room.stdout);
  room.extend('60s');
  t.is((await room.exited).exitCode, 7);
});

test.serial('it can be made shorter', async (t) => {
  const room = await rooms.start(t, 'sleep 1000', { lifetime: '1h' });
  room.extend(50);
  t.is((await room.exited).reason, 'timed-out');
});

test.serial('it can be taken away, and given to a room that had none', async (t) => {
  const room = await rooms.start(t, `sleep ${0.5 * slowness}; exit 8`, { lifetime: 300 * slowness });
  room.extend(null);
  t.is((await room.exited).exitCode, 8);
  const other = await rooms.start(t, 'sleep 1000');
  other.extend('50ms');
  t.is((await other.exited).reason, 'timed-out');
});

test.serial('it is too late for a room that has ended', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  await room.removed;
  t.throws(() => room.extend('1s'), { code: 'ERR_ROOM_ENDED' });
  t.throws(() => room.extend('1 s'), { instanceOf: RangeError });
});

test.serial('a hundred deadlines at once are all kept', async (t) => {
  const room = (): Promise<string> =>
    rooms.anchor
      .run(rooms.shell('sleep 1000', { lifetime: 300 * slowness }))
      .then(({ outcome }) => outcome.reason);
  const reasons = await Promise.all(Array.from({ length: 100 }, room));
  t.deepEqual([...new Set(reasons)], ['timed-out']);
});
