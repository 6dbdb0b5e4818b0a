import test from 'ava';
import { Anchor } from '../../src/index.js';
import { nextText, until, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test('every exit code is told as it was', async (t) => {
  for (let from = 0; from < 256; from += 32) {
    const codes = Array.from({ length: 32 }, (_, at) => from + at);
    const outcomes = await Promise.all(codes.map((code) => rooms.anchor.run(rooms.shell(`exit ${code}`))));
    t.deepEqual(
      outcomes.map(({ outcome }) => outcome.exitCode),
      codes,
    );
    t.true(outcomes.every(({ outcome }) => outcome.reason === 'exited' && outcome.signal === null));
  }
});

for (const signal of [
  'SIGTERM',
  'SIGKILL',
  'SIGINT',
  'SIGHUP',
  'SIGPIPE',
  'SIGABRT',
  'SIGUSR1',
  'SIGSEGV',
  'SIGXFSZ',
])
  test(`a command that ${signal} ends tells that signal`, async (t) => {
    const { outcome } = await rooms.anchor.run(
      rooms.shell(`kill -${signal.slice(3)} $$; sleep 1000`, { lifetime: '20s' }),
    );
    t.is(outcome.reason, 'signaled');
    t.is(outcome.signal, signal);
    t.is(outcome.exitCode, null);
  });

test('137 is an exit code like any other', async (t) => {
  const { outcome } = await rooms.anchor.run(rooms.shell('sh -c "kill -9 \\$\\$"; exit 137'));
  t.deepEqual([outcome.reason, outcome.exitCode, outcome.signal], ['exited', 137, null]);
});

test('destroy() is told as destroyed, once and for all', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  await Promise.all([room.destroy(), room.destroy()]);
  const outcome = await room.exited;
  t.deepEqual([outcome.reason, outcome.exitCode, outcome.signal], ['destroyed', null, null]);
  await room.destroy();
  t.is((await room.exited).reason, 'destroyed');
  t.is(room.state, 'removed');
});

test('an AbortSignal is told as aborted', async (t) => {
  const controller = new AbortController();
  const room = await rooms.anchor.spawn(rooms.shell('sleep 1000'), { signal: controller.signal });
  controller.abort();
  t.is((await room.exited).reason, 'aborted');
  await room.removed;
});

test('closing the Anchor is told as owner-closed', async (t) => {
  const anchor = await Anchor.open();
  const room = await anchor.spawn(rooms.shell('sleep 1000'));
  await anchor.close();
  t.is((await room.exited).reason, 'owner-closed');
  t.is(await room.removed, null);
});

test('room-init killed from outside is told as init-died', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  process.kill(room.pid, 'SIGKILL');
  t.is((await room.exited).reason, 'init-died');
  t.is(await room.removed, null);
});

test('nobody in the room can kill room-init', async (t) => {
  const output = await rooms.output(
    t,
    'for s in KILL TERM INT HUP STOP SEGV PIPE QUIT; do kill -$s 1; done; kill -9 -1; echo alive',
  );
  t.is(output, 'alive');
});

test('orphans are reaped', async (t) => {
  const room = await rooms.start(
    t,
    'for i in $(seq 20); do sh -c "sh -c true &"; done; echo done; exec sleep 1000',
  );
  await nextText(room.stdout);
  const count = async (): Promise<string> => {
    const listing = await room.exec([
      'sh',
      '-c',
      'ls /proc | grep -c "^[0-9]"; grep -l "^State:.*Z" /proc/[0-9]*/status | wc -l',
    ]);
    let text = '';
    for await (const chunk of listing.stdout ?? []) text += String(chunk);
    return text;
  };
  // PID 1, the command, and the four of the listing.
  await until(async () => /^[3-6]\n0\n$/.test(await count()));
  t.pass();
});

test('what the command leaves running ends with the room', async (t) => {
  const room = await rooms.start(
    t,
    'setsid sleep 1000 & (trap "" TERM HUP; setsid sh -c "sleep 1000 & sleep 1000") & echo left; exit 4',
  );
  t.is((await room.exited).exitCode, 4);
  t.is(await room.removed, null);
  t.throws(() => process.kill(room.pid, 0), { code: 'ESRCH' });
});

test('a room of hundreds of processes ends as a whole', async (t) => {
  const room = await rooms.start(t, 'for i in $(seq 300); do sleep 1000 & done; echo ready; wait');
  await nextText(room.stdout);
  await room.destroy();
  t.is((await room.exited).reason, 'destroyed');
});

test('usage and timings are there, whatever the host counts', async (t) => {
  const { outcome, room } = await rooms.anchor.run(
    rooms.shell('i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; head -c 100000 /dev/zero > /tmp/x'),
  );
  const { usage, timings } = outcome;
  t.true(usage.wall > 0);
  t.true((usage.cpuUser ?? 0) > 0);
  t.true((usage.diskPeak ?? 0) >= 100_000);
  t.true((usage.maxRss ?? 0) > 100_000);
  t.deepEqual(timings, room.timings);
  t.true(timings.total > 0);
  const sum = Object.values(timings.phases).reduce((total, phase) => total + phase, 0);
  t.true(Math.abs(sum - timings.total) < 50, `${sum} of ${timings.total}`);
  t.true(Object.isFrozen(outcome));
});

test('usage() tells about a living room, and only about that', async (t) => {
  const room = await rooms.start(t, 'head -c 200000 /dev/zero > /tmp/x; echo ready; sleep 1000');
  await nextText(room.stdout);
  const usage = await room.usage();
  t.true((usage.disk?.bytes ?? 0) >= 200_000);
  await room.destroy();
  await t.throwsAsync(room.usage(), { code: 'ERR_ROOM_ENDED' });
});
