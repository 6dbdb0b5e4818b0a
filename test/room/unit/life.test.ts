import test from 'ava';
import { closeSync, fstatSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { RoomError } from '../../../src/errors.js';
import { PhaseClock } from '../../../src/room/timings.js';
import { ended, exited, fault, launched, makePipe, removed, started, startLife } from './fakes.js';

test('from launch to removal', async (t) => {
  const { launcher, life, events, gone } = startLife();
  t.is(life.state, 'starting');
  t.is(launcher.holds, 1);
  launcher.say(launched);
  launcher.say(started);
  await life.started.promise;
  t.is(life.state, 'running');
  t.is(life.pid, 4242);
  t.deepEqual(Object.keys(life.timings.phases).slice(-2), ['clone', 'exec']);
  t.is(life.timings.phases['exec'], 50);
  launcher.say(exited(0, 3));
  launcher.say(ended);
  t.like(await life.exited.promise, { reason: 'exited', exitCode: 3 });
  t.is(life.state, 'ended');
  t.is(launcher.holds, 1, 'the event loop is needed until nothing is left');
  launcher.say(removed);
  t.is(await life.removed.promise, null);
  t.is(life.state, 'removed');
  t.is(launcher.holds, 0);
  t.deepEqual(gone, [true]);
  t.deepEqual(events.map(({ type }) => type), ['started', 'exited', 'removed']); // prettier-ignore
});

test('output before the news of the start makes it look for that, once', async (t) => {
  const { launcher, life } = startLife();
  const out = makePipe();
  launcher.say({ ...launched, stdout: out.readEnd });
  writeSync(out.writeEnd, 'a');
  for (let turns = 0; turns < 1000 && !launcher.calls.includes('look 7'); turns++) await pause(1);
  launcher.say(started);
  await life.started.promise;
  writeSync(out.writeEnd, 'b');
  closeSync(out.writeEnd);
  const chunks: Buffer[] = [];
  for await (const chunk of life.stdio.stdout ?? []) chunks.push(chunk as Buffer);
  t.is(Buffer.concat(chunks).toString(), 'ab');
  t.is(launcher.calls.filter((call) => call === 'look 7').length, 1);
});

test('a launch that fails', async (t) => {
  const { launcher, life, events, gone } = startLife();
  launcher.say({
    type: 'launch-failed',
    room: 7,
    fault: fault('mount.plank', 22, { path: '/planks/a.sqsh' }),
  });
  const error = await t.throwsAsync(life.started.promise, { instanceOf: RoomError });
  t.like(error, { code: 'ERR_ROOM_PLANK_INVALID', step: 'mount.plank', errno: -22, path: '/planks/a.sqsh' });
  t.deepEqual(events, []);
  t.deepEqual(gone, [true]);
  t.is(launcher.holds, 0);
});

test('a command that is not there rejects when nothing is left, and says what is missing', async (t) => {
  const { launcher, life, gone } = startLife({ command: ['/run.py'] });
  launcher.files = { '/run.py': '#!/usr/bin/python3\n' };
  launcher.say(launched);
  launcher.say({ type: 'start-failed', room: 7, process: 0, fault: fault('run.exec', 2) });
  launcher.say(ended);
  t.deepEqual(gone, []);
  launcher.say(removed);
  const error = await t.throwsAsync(life.started.promise, { instanceOf: RoomError });
  t.like(error, { code: 'ERR_ROOM_COMMAND_NOT_FOUND', path: '/run.py', step: 'run.exec' });
  t.regex(error.hint ?? '', /interpreter .*"\/usr\/bin\/python3"/);
  t.deepEqual(gone, [true]);
});

test('a command that is in no directory of PATH', async (t) => {
  const { launcher, life } = startLife({ command: ['nope'], env: { PATH: '/bin:/usr/bin' } });
  launcher.say({ type: 'start-failed', room: 7, process: 0, fault: fault('run.exec', 2) });
  launcher.say(ended);
  launcher.say(removed);
  const error = await t.throwsAsync(life.started.promise, { instanceOf: RoomError });
  t.regex(error.message, /cannot execute "nope"/);
  t.regex(error.hint ?? '', /none of the directories of PATH: \/bin:\/usr\/bin/);
});

test('room-init dies before the command runs', async (t) => {
  const { launcher, life, events } = startLife();
  launcher.say(launched);
  launcher.say({ ...ended, initSignal: 9, report: { 'memory.events': 'oom 1\noom_kill 1\n' } });
  launcher.say(removed);
  const error = await t.throwsAsync(life.started.promise, { instanceOf: RoomError });
  t.like(error, { code: 'ERR_ROOM_INIT_DIED', hint: 'Raise limits.memory.' });
  t.deepEqual(events, []);
});

test('an abort during the launch ends the room and rejects with the reason', async (t) => {
  const { launcher, life, events } = startLife();
  const reason = new Error('enough');
  life.end('aborted', reason);
  t.deepEqual(launcher.calls, ['launch', 'kill 7']);
  launcher.say(launched);
  launcher.say(started);
  t.is(life.state, 'starting', 'nobody gets to see a room that was given up');
  launcher.say({ ...ended, killed: 'request' });
  launcher.say(removed);
  t.is(await t.throwsAsync(life.started.promise), reason);
  t.deepEqual(events, []);
});

test('an abort that loses against a failure still rejects with the reason', async (t) => {
  const { launcher, life } = startLife();
  life.end('aborted', 'a string');
  launcher.say({ type: 'launch-failed', room: 7, fault: fault('clone', 11) });
  await life.started.promise.then(
    () => t.fail(),
    (error: unknown) => t.is(error, 'a string'),
  );
});

test('an abort while it runs is an outcome', async (t) => {
  const { launcher, life } = startLife();
  launcher.say(launched);
  launcher.say(started);
  life.end('aborted', new Error('enough'));
  life.end('destroyed');
  launcher.say({ ...ended, killed: 'request' });
  t.is((await life.exited.promise).reason, 'aborted', 'the first reason counts');
});

test('closing the Anchor while a room starts', async (t) => {
  const { launcher, life } = startLife();
  launcher.say({ ...ended, killed: 'close' });
  launcher.say(removed);
  t.like(await t.throwsAsync(life.started.promise), { code: 'ERR_ROOM_CLOSED' });
});

test('counters of the cgroup become events, once for each time they grow', (t) => {
  const { launcher, events } = startLife();
  const changed = (file: string, text: string) => launcher.say({ type: 'changed', room: 7, file, text });
  launcher.say(started);
  changed('memory.events', 'oom 0\noom_kill 0\n');
  changed('memory.events', 'oom 1\noom_kill 2\n');
  changed('memory.events', 'oom 1\noom_kill 2\n');
  changed('pids.events', 'max 5\n');
  t.deepEqual(events.slice(1), [
    { type: 'oom', kills: 2 },
    { type: 'limit', hit: { limit: 'memory', count: 2, where: 'room' } },
    { type: 'limit', hit: { limit: 'processes', count: 5, where: 'room' } },
  ]);
});

test('what could not be removed is told, and its ids stay taken', async (t) => {
  const { launcher, life, gone, events } = startLife();
  launcher.say(started);
  launcher.say(ended);
  launcher.say({ ...removed, fault: fault('cgroup.remove', 16, { path: '/sys/fs/cgroup/x' }) });
  t.like(await life.removed.promise, { errno: -16, path: '/sys/fs/cgroup/x' });
  t.deepEqual(gone, [false]);
  t.is(events.at(-1)?.type, 'removed');
});

test('unref lets the event loop go, ref takes it back, the end is the end', (t) => {
  const { launcher, life } = startLife();
  life.setRef(false);
  life.setRef(false);
  t.is(launcher.holds, 0);
  life.setRef(true);
  life.setRef(true);
  t.is(launcher.holds, 1);
  launcher.say(ended);
  launcher.say(removed);
  life.setRef(true);
  t.is(launcher.holds, 0);
});

test('signals go to the command while there is one', (t) => {
  const { launcher, life } = startLife();
  t.false(life.signal(15));
  launcher.say(started);
  t.true(life.signal(15));
  launcher.say(exited(0, 0));
  t.false(life.signal(15));
  t.deepEqual(launcher.calls, ['launch', 'signal 7 0 15']);
});

test('a process of exec() has its own life', async (t) => {
  const { launcher, life } = startLife();
  launcher.say(started);
  const process = life.exec(planOf(['id']), new PhaseClock());
  launcher.say({ type: 'started', room: 7, process: 1, marks: { exec: 20 } });
  await process.started.promise;
  t.true(process.signal(2));
  launcher.say(exited(1, 4));
  t.like(await process.exited.promise, { reason: 'exited', exitCode: 4 });
  t.false(process.signal(2));
  t.deepEqual(launcher.calls.slice(1), ['exec 7 id', 'signal 7 1 2']);
});

test('a process that cannot start', async (t) => {
  const { launcher, life } = startLife();
  launcher.say(started);
  const process = life.exec(planOf(['nope']), new PhaseClock());
  launcher.say({ type: 'start-failed', room: 7, process: 1, fault: fault('run.cwd', 2) });
  t.like(await t.throwsAsync(process.started.promise), { code: 'ERR_ROOM_CWD', path: '/' });
});

test('a process that is aborted before it has started is killed as soon as it has', async (t) => {
  const { launcher, life } = startLife();
  launcher.say(started);
  const process = life.exec(planOf(['sleep']), new PhaseClock());
  process.abort();
  t.is(launcher.calls.length, 2);
  launcher.say({ type: 'started', room: 7, process: 1, marks: {} });
  t.is(launcher.calls.at(-1), 'signal 7 1 9');
  launcher.say(exited(1, null, 9));
  t.is((await process.exited.promise).reason, 'aborted');
});

test('processes go down with the room', async (t) => {
  const { launcher, life } = startLife();
  launcher.say(started);
  const running = life.exec(planOf(['sleep']), new PhaseClock());
  launcher.say({ type: 'started', room: 7, process: 1, marks: {} });
  launcher.execs = { ...launcher.execs, process: 2 };
  const starting = life.exec(planOf(['sleep']), new PhaseClock());
  launcher.say({ ...ended, killed: 'deadline' });
  t.is((await running.exited.promise).reason, 'timed-out');
  t.like(await t.throwsAsync(starting.started.promise), { code: 'ERR_ROOM_ENDED' });
  t.throws(() => life.exec(planOf(['late']), new PhaseClock()), { code: 'ERR_ROOM_ENDED' });
});

test('fds that nobody asked for are closed when the room has ended, and output is kept', async (t) => {
  const { launcher, life } = startLife();
  const input = makePipe();
  const output = makePipe();
  writeSync(output.writeEnd, 'last words');
  closeSync(output.writeEnd);
  launcher.say({ ...launched, stdin: input.writeEnd, stdout: output.readEnd });
  launcher.say(started);
  launcher.say(exited(0, 0));
  launcher.say(ended);
  t.throws(() => fstatSync(input.writeEnd), { code: 'EBADF' });
  t.throws(() => fstatSync(output.readEnd), { code: 'EBADF' });
  closeSync(input.readEnd);
  const chunks: Buffer[] = [];
  for await (const chunk of life.stdio.stdout ?? []) chunks.push(chunk as Buffer);
  t.is(Buffer.concat(chunks).toString(), 'last words');
  t.is(life.stdio.stderr, null);
});

function planOf(argv: string[]) {
  return {
    argv,
    env: [],
    cwd: '/',
    searchPath: [],
    uid: 0,
    gid: 0,
    groups: [],
    capabilities: 0,
    stdio: { kind: 'streams', streams: [{ kind: 'pipe' }, { kind: 'pipe' }, { kind: 'pipe' }] },
  } as const;
}
