import test from 'ava';
import { outcomeOf, processOutcomeOf, type EndFacts, type OutcomeReason } from '../../../src/room/outcome.js';
import { parseLimits } from '../../../src/spec/limits.js';

const timings = { total: 0, phases: {} };
const limited = parseLimits({ memory: '64MiB', processes: 32, cpus: 1 }, 'limits');
const unlimited = parseLimits({}, 'limits');

const returned = (code: number) => ({ code, signal: null });
const killedBy = (signal: number) => ({ code: null, signal });

/** memory.events after an OOM kill: of the room's own limit, or of one above it. */
const oom = { 'memory.events': 'low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 1\n' };
const oomAbove = { 'memory.events': 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\noom_group_kill 0\n' };
const refused = { 'pids.events': 'max 3\n' };

function facts(more: Partial<EndFacts>): EndFacts {
  return {
    exit: null,
    killed: null,
    intent: null,
    limits: limited,
    report: {},
    rusage: null,
    total: null,
    upper: null,
    wall: 1000,
    timings,
    ...more,
  };
}

type Row = readonly [title: string, facts: Partial<EndFacts>, reason: OutcomeReason, code: number | null, signal: string | null]; // prettier-ignore

const rows: readonly Row[] = [
  ['a command returns', { exit: returned(0) }, 'exited', 0, null],
  ['a command fails', { exit: returned(3) }, 'exited', 3, null],
  ['137 is an exit code like any other', { exit: returned(137) }, 'exited', 137, null],
  ['a signal kills the command', { exit: killedBy(11) }, 'signaled', null, 'SIGSEGV'],
  ['somebody kills it with SIGKILL', { exit: killedBy(9) }, 'signaled', null, 'SIGKILL'],
  ['seccomp kills it', { exit: killedBy(31) }, 'signaled', null, 'SIGSYS'],
  ['a real-time signal has a number for a name', { exit: killedBy(40) }, 'signaled', null, 'SIG40'],

  ['the deadline', { killed: 'deadline' }, 'timed-out', null, null],
  ['the deadline, and room-init could still report', { killed: 'deadline', exit: killedBy(9) }, 'timed-out', null, null],
  ['the deadline came after the end', { killed: 'deadline', exit: returned(4) }, 'exited', 4, null],
  ['the deadline came after a crash', { killed: 'deadline', exit: killedBy(6) }, 'signaled', null, 'SIGABRT'],
  ['destroy()', { killed: 'request', intent: 'destroyed' }, 'destroyed', null, null],
  ['an abort', { killed: 'request', intent: 'aborted' }, 'aborted', null, null],
  ['a request of nobody', { killed: 'request' }, 'destroyed', null, null],
  ['destroy() after the end', { killed: 'request', intent: 'destroyed', exit: returned(0) }, 'exited', 0, null],
  ['anchor.close()', { killed: 'close' }, 'owner-closed', null, null],
  ['anchor.close(), reported', { killed: 'close', exit: killedBy(9) }, 'owner-closed', null, null],
  ['anchor.close() with an intent that came late', { killed: 'close', intent: 'destroyed' }, 'owner-closed', null, null],

  ['the whole room is out of memory', { report: oom }, 'out-of-memory', null, null],
  ['the command is out of memory', { report: oom, exit: killedBy(9) }, 'out-of-memory', null, 'SIGKILL'],
  ['a child of it was, and it failed', { report: oom, exit: returned(1) }, 'out-of-memory', 1, null],
  ['a child of it was, and it did not mind', { report: oom, exit: returned(0) }, 'exited', 0, null],
  ['out of memory before destroy()', { report: oom, killed: 'request', intent: 'destroyed' }, 'out-of-memory', null, null],
  ['out of memory before the deadline', { report: oom, killed: 'deadline' }, 'out-of-memory', null, null],
  ['the host is out of memory', { report: oomAbove, limits: unlimited }, 'out-of-memory', null, null],
  ['the host was, but the room went on', { report: oomAbove, limits: unlimited, killed: 'deadline' }, 'timed-out', null, null],

  ['a fork was refused, and it failed', { report: refused, exit: returned(2) }, 'too-many-processes', 2, null],
  ['a fork was refused, and it crashed', { report: refused, exit: killedBy(6) }, 'too-many-processes', null, 'SIGABRT'],
  ['a fork was refused, and it did not mind', { report: refused, exit: returned(0) }, 'exited', 0, null],
  ['a fork bomb until the deadline', { report: refused, killed: 'deadline' }, 'timed-out', null, null],
  ['memory before processes', { report: { ...oom, ...refused }, exit: returned(1) }, 'out-of-memory', 1, null],

  ['room-init is gone and nobody knows why', {}, 'init-died', null, null],
  ['room-init is gone after a refused fork', { report: refused }, 'init-died', null, null],
]; // prettier-ignore

for (const [title, more, reason, code, signal] of rows) {
  test(title, (t) => {
    const outcome = outcomeOf(facts(more));
    t.is(outcome.reason, reason);
    t.is(outcome.exitCode, code);
    t.is(outcome.signal, signal);
    t.true(Object.isFrozen(outcome));
  });
}

test('limits that were hit are listed, whatever the reason', (t) => {
  const report = {
    ...oom,
    ...refused,
    'cpu.stat': 'usage_usec 9\nuser_usec 5\nsystem_usec 4\nthrottled_usec 70\n',
  };
  const upper = { bytes: limited.disk, inodes: limited.files };
  const { limits } = outcomeOf(facts({ exit: returned(0), report, upper }));
  t.deepEqual(limits, [
    { limit: 'memory', count: 2, where: 'room' },
    { limit: 'processes', count: 3, where: 'room' },
    { limit: 'cpus', count: 70, where: 'room' },
    { limit: 'disk', count: null, where: 'room' },
    { limit: 'files', count: null, where: 'room' },
  ]);
});

test('a limit of a parent cgroup is told from the own one', (t) => {
  const { limits } = outcomeOf(facts({ report: oomAbove }));
  t.deepEqual(limits, [{ limit: 'memory', count: 1, where: 'above' }]);
});

test('the deadline is a limit that was hit', (t) => {
  const { limits } = outcomeOf(facts({ killed: 'deadline' }));
  t.deepEqual(limits, [{ limit: 'lifetime', count: 1, where: 'room' }]);
});

test('a page short of full is full', (t) => {
  const almost = { bytes: limited.disk - 4095, inodes: 2 };
  const roomy = { bytes: limited.disk - 4096, inodes: 2 };
  t.is(outcomeOf(facts({ upper: almost })).limits.length, 1);
  t.is(outcomeOf(facts({ upper: roomy })).limits.length, 0);
});

const rusage = {
  userTime: 11,
  systemTime: 22,
  maxRss: 33,
  minorFaults: 0,
  majorFaults: 0,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
};

test('usage comes from the cgroup, and from process accounting where there is none', (t) => {
  const cgroup = { 'cpu.stat': 'user_usec 5\nsystem_usec 4\n', 'memory.peak': '4096\n', 'pids.peak': '7\n' };
  const counted = outcomeOf(facts({ rusage, report: cgroup, upper: { bytes: 8192, inodes: 3 } })).usage;
  t.deepEqual(
    [
      counted.cpuUser,
      counted.cpuSystem,
      counted.memoryPeak,
      counted.processesPeak,
      counted.diskPeak,
      counted.maxRss,
    ],
    [5, 4, 4096, 7, 8192, 33],
  );
  const bare = outcomeOf(facts({ rusage })).usage;
  t.deepEqual(
    [bare.cpuUser, bare.cpuSystem, bare.memoryPeak, bare.diskPeak, bare.wall],
    [11, 22, null, null, 1000],
  );
});

const roomEnd = (more: Partial<EndFacts>) => outcomeOf(facts(more));
const part = { aborted: false, room: null, rusage, wall: 5, timings };

test('a process ends by itself', (t) => {
  t.like(processOutcomeOf({ ...part, exit: returned(2) }), { reason: 'exited', exitCode: 2, signal: null });
  t.like(processOutcomeOf({ ...part, exit: killedBy(15) }), {
    reason: 'signaled',
    exitCode: null,
    signal: 'SIGTERM',
  });
});

test('a process is aborted', (t) => {
  t.like(processOutcomeOf({ ...part, aborted: true, exit: killedBy(9) }), {
    reason: 'aborted',
    signal: null,
  });
  t.like(processOutcomeOf({ ...part, aborted: true, exit: returned(0) }), { reason: 'exited', exitCode: 0 });
});

test('a process goes down with its room', (t) => {
  const gone = { ...part, exit: null };
  t.like(processOutcomeOf({ ...gone, room: roomEnd({ killed: 'deadline' }) }), {
    reason: 'timed-out',
    signal: null,
  });
  t.like(processOutcomeOf({ ...gone, room: roomEnd({ report: oom }) }), { reason: 'out-of-memory' });
  t.like(processOutcomeOf({ ...gone, room: roomEnd({ exit: returned(0) }) }), {
    reason: 'signaled',
    signal: 'SIGKILL',
  });
});
