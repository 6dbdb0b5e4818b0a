import test from 'ava';
import { Interrupted, ResultError, UsageError } from '../../src/cli/command-error.js';
import { exitCodeOfFailure, linesOf, reportOf } from '../../src/cli/failure.js';
import { RoomError, SpecRangeError, SpecTypeError } from '../../src/index.js';

test('an error of the library keeps what the kernel said', (t) => {
  const details = {
    step: 'root.overlay',
    syscall: 'mount',
    errno: -1,
    path: '/x',
    hint: 'do that',
    cause: new Error(),
  };
  const report = reportOf(new RoomError('ERR_ROOM_LAUNCH', 'it failed', details));
  t.deepEqual(report, {
    code: 'ERR_ROOM_LAUNCH',
    message: 'it failed',
    step: 'root.overlay',
    syscall: 'mount',
    errno: -1,
    path: '/x',
    hint: 'do that',
  });
  t.is(linesOf(report), 'anchor: it failed\n  hint: do that\n');
});

test('what is not known is left out', (t) => {
  t.deepEqual(reportOf(new RoomError('ERR_ROOM_CLOSED', 'closed')), {
    code: 'ERR_ROOM_CLOSED',
    message: 'closed',
  });
  t.is(linesOf({ code: 'x', message: 'closed' }), 'anchor: closed\n');
});

test('a field is told by the option it came from', (t) => {
  const sources = new Map([
    ['limits.memory', '--memory'],
    ['mounts[2]', '--mount host=/a,at=b'],
    ['mounts[20]', '--mount other'],
    ['plank', 'PLANK'],
  ]);
  const told = (field: string) =>
    reportOf(new SpecTypeError('ERR_ROOM_SPEC_TYPE', field, 'expected a thing'), sources).message;
  t.is(told('limits.memory'), '--memory: expected a thing');
  t.is(told('mounts[2].at'), '--mount host=/a,at=b: at: expected a thing');
  t.is(told('plank'), 'PLANK: expected a thing');
  t.is(told('plankDigest'), 'plankDigest: expected a thing');
  t.is(told('limits.memo'), 'limits.memo: expected a thing');
  const report = reportOf(new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'limits.memory', 'no'), sources);
  t.deepEqual(report, { code: 'ERR_ROOM_SPEC_TYPE', message: '--memory: no', field: 'limits.memory' });
});

test('errors of the system and of nobody', (t) => {
  const error = Object.assign(new Error('ENOSPC: no space'), {
    code: 'ENOSPC',
    errno: -28,
    syscall: 'write',
    dest: '/y',
  });
  t.deepEqual(reportOf(error), { code: 'ENOSPC', message: 'ENOSPC: no space', errno: -28, syscall: 'write' });
  t.regex(reportOf(new Error('a slip')).message, /^unexpected: Error: a slip\n +at /);
  t.is(reportOf('a string').message, 'unexpected: a string');
});

test('exit codes of failures', (t) => {
  t.is(exitCodeOfFailure(new UsageError('x'), 125), 2);
  t.is(exitCodeOfFailure(new SpecTypeError('ERR_ROOM_SPEC_TYPE', 'f', 'x'), 125), 2);
  t.is(exitCodeOfFailure(new SpecRangeError('ERR_ROOM_SPEC_VALUE', 'f', 'x'), 125), 2);
  t.is(exitCodeOfFailure(new RoomError('ERR_ROOM_LAUNCH', 'x'), 125), 125);
  t.is(exitCodeOfFailure(new RoomError('ERR_ROOM_PLANK_BUILD', 'x'), 1), 1);
  t.is(exitCodeOfFailure(new ResultError('x'), 1), 1);
  t.is(exitCodeOfFailure(new Interrupted('SIGINT'), 1), 130);
  t.is(exitCodeOfFailure(new Interrupted('SIGTERM'), 125), 143);
  t.is(exitCodeOfFailure(new Error('a slip'), 1), 1);
});
