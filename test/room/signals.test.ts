import test from 'ava';
import { nextText, useRooms } from '../helpers/room.js';

const rooms = useRooms(test);

test('kill() sends SIGTERM to the command, or what it is told to', async (t) => {
  const first = await rooms.start(t, 'echo ready; exec sleep 1000');
  await nextText(first.stdout);
  t.true(first.kill());
  t.is((await first.exited).signal, 'SIGTERM');
  for (const signal of ['SIGKILL', 'SIGUSR2', 9] as const) {
    const room = await rooms.start(t, 'echo ready; exec sleep 1000');
    await nextText(room.stdout);
    t.true(room.kill(signal));
    t.is((await room.exited).signal, signal === 9 ? 'SIGKILL' : signal);
  }
});

test('the command can handle it', async (t) => {
  const room = await rooms.start(t, 'trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.02; done');
  await nextText(room.stdout);
  room.kill('SIGTERM');
  t.is(await nextText(room.stdout), 'got\n');
  t.is((await room.exited).exitCode, 9);
});

test('a signal that the command ignores does nothing', async (t) => {
  const room = await rooms.start(t, 'trap "" TERM; echo ready; read line; exit 3');
  await nextText(room.stdout);
  t.true(room.kill('SIGTERM'));
  room.stdin?.end('\n');
  t.is((await room.exited).exitCode, 3);
});

test('it reaches a command of another user, and one that is stopped', async (t) => {
  const room = await rooms.start(t, 'kill -STOP $$; exec sleep 1000', { user: 'app' });
  t.true(room.kill('SIGCONT'));
  t.true(room.kill('SIGKILL'));
  t.is((await room.exited).signal, 'SIGKILL');
});

test('real-time signals arrive by their number', async (t) => {
  const room = await rooms.start(t, 'echo ready; exec sleep 1000');
  await nextText(room.stdout);
  room.kill(64);
  t.is((await room.exited).signal, 'SIG64');
});

test('after the end there is nobody to send a signal to', async (t) => {
  const { room } = await rooms.anchor.run(rooms.shell('true'));
  t.false(room.kill('SIGTERM'));
  t.false(room.kill('SIGKILL'));
});

test('what is no signal is refused', async (t) => {
  const room = await rooms.start(t, 'sleep 1000');
  for (const signal of [0, -1, 65, 1.5, NaN, 'SIGNONE', 'TERM', ''])
    t.throws(() => room.kill(signal as NodeJS.Signals), { instanceOf: RangeError }, String(signal));
  for (const signal of [null, {}, [], true])
    t.throws(() => room.kill(signal as unknown as NodeJS.Signals), { instanceOf: TypeError });
  t.is(room.state, 'running');
});

test('a thousand signals do not confuse room-init', async (t) => {
  const room = await rooms.start(t, 'trap : USR1; echo ready; while read line; do echo $line; done; exit 2');
  await nextText(room.stdout);
  for (let count = 0; count < 1000; count++) room.kill('SIGUSR1');
  room.stdin?.end('line\n');
  const outcome = await room.exited;
  t.is(outcome.exitCode, 2);
});
