import test from 'ava';
import { explainEnding } from '../../src/cli/ending.js';
import { exitCodeOf } from '../../src/cli/exit-code.js';
import { parseRoomSpec, type Outcome, type OutcomeReason, type RoomSpec } from '../../src/index.js';

function outcome(reason: OutcomeReason, more: Partial<Outcome> = {}): Outcome {
  const usage = {
    cpuUser: null,
    cpuSystem: null,
    wall: 1,
    memoryPeak: null,
    swapPeak: null,
    processesPeak: null,
    io: null,
    diskPeak: null,
    maxRss: null,
    throttled: null,
  };
  return {
    reason,
    exitCode: null,
    signal: null,
    usage,
    limits: [],
    timings: { total: 1, phases: {} },
    dropzones: [],
    nix: null,
    services: [],
    ...more,
  };
}

const codes: [Outcome, number][] = [
  [outcome('exited', { exitCode: 0 }), 0],
  [outcome('exited', { exitCode: 255 }), 255],
  [outcome('signaled', { signal: 'SIGTERM' }), 143],
  [outcome('signaled', { signal: 'SIGKILL' }), 137],
  [outcome('signaled', { signal: 'SIGSEGV' }), 139],
  [outcome('signaled', { signal: 'SIG34' }), 162],
  [outcome('timed-out'), 124],
  [outcome('timed-out', { exitCode: 3 }), 124],
  [outcome('out-of-memory', { signal: 'SIGKILL' }), 137],
  [outcome('out-of-memory', { exitCode: 1 }), 137],
  [outcome('too-many-processes', { exitCode: 2 }), 2],
  [outcome('too-many-processes', { signal: 'SIGABRT' }), 134],
  [outcome('init-died'), 125],
  [outcome('service-ended'), 125],
  [outcome('destroyed'), 125],
  [outcome('aborted'), 125],
  [outcome('owner-closed'), 125],
];

for (const [ended, code] of codes) {
  const how = ended.signal ?? ended.exitCode ?? '';
  test(`exit code of ${ended.reason} ${how}: ${code}`, (t) => {
    t.is(exitCodeOf(ended), code);
  });
}

test('what ended a room is said, unless it was the command itself', (t) => {
  const told = (ended: Outcome, more: Partial<RoomSpec> = {}) =>
    explainEnding(ended, parseRoomSpec({ plank: 'host', command: ['x'], ...more }));
  t.is(told(outcome('exited', { exitCode: 9 })), null);
  t.is(told(outcome('signaled', { signal: 'SIGSEGV' })), null);
  t.is(told(outcome('timed-out'), { lifetime: '90s' }), 'the lifetime of the room, 90s, was over');
  t.is(told(outcome('timed-out')), 'the lifetime of the room was over');

  const memory = { limits: { memory: '64MiB' } };
  const peak = { ...outcome('exited').usage, memoryPeak: 64 * 2 ** 20 };
  const own = [{ limit: 'memory', count: 1, where: 'room' }] as const;
  const above = [{ limit: 'memory', count: 1, where: 'above' }] as const;
  t.is(
    told(outcome('out-of-memory', { usage: peak, limits: own }), memory),
    'out of memory: the limit is 64 MiB, after a peak of 64 MiB',
  );
  t.regex(
    told(outcome('out-of-memory', { limits: above }), memory) ?? '',
    /^out of memory: not by a limit of the room/,
  );
  t.is(told(outcome('out-of-memory')), 'out of memory: the kernel killed it');

  const processes = [{ limit: 'processes', count: 3, where: 'room' }] as const;
  t.is(
    told(outcome('too-many-processes', { exitCode: 2, limits: processes }), { limits: { processes: 8 } }),
    'the command failed after the limit of 8 had refused it a process 3 times',
  );
  for (const reason of ['destroyed', 'aborted', 'owner-closed', 'init-died'] as const) {
    t.regex(told(outcome(reason)) ?? '', /from outside/);
  }
});

test('of the services that ended those are named that the room cannot do without', (t) => {
  const log = { stdout: '', stderr: '', total: { stdout: 0, stderr: 0 } };
  const ended = ['db', 'web'].map((name) => ({ name, early: true, exitCode: 1, signal: null, log }));
  const services = { web: { command: ['web'] }, db: { command: ['db'], essential: true } };
  const spec = parseRoomSpec({ plank: 'host', command: ['x'], services });
  const told = explainEnding(outcome('service-ended', { services: ended }), spec);
  t.is(told, 'a service that the room cannot do without had ended: db');
});
