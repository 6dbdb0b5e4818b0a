import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NativeFault } from '../../types/event.js';
import { errnoName, faultError } from '../../src/addon/faults.js';
import { faultRules, generalHints } from '../../src/addon/fault-rules.js';
import { packageRoot } from '../../src/addon/load.js';
import { errorCodes, RoomError, type ErrorCode } from '../../src/errors.js';

const fault = (step: string, errno: number, more: Partial<NativeFault> = {}): NativeFault => ({
  step,
  syscall: 'mount',
  errno,
  path: '',
  detail: '',
  ...more,
});

test('an error names step, system call, errno and path', (t) => {
  const error = faultError(fault('open.plank', 2, { syscall: 'openat2', path: '/planks/a.sqsh' }));
  t.true(error instanceof RoomError);
  t.is(
    error.message,
    'cannot open the plank "/planks/a.sqsh": openat2 failed with ENOENT (no such file or directory)',
  );
  t.like(error, {
    code: 'ERR_ROOM_PLANK_NOT_FOUND',
    step: 'open.plank',
    syscall: 'openat2',
    errno: -2,
    path: '/planks/a.sqsh',
  });
});

test('what the kernel says in words is passed on', (t) => {
  const error = faultError(
    fault('mount.plank', 22, { path: '/p', detail: 'e squashfs: unknown compression\n' }),
  );
  t.regex(error.message, /; the kernel says: e squashfs: unknown compression$/);
});

test('a path that the sentence has no place for is named after the system call', (t) => {
  t.regex(faultError(fault('clone', 11, { path: '/x' })).message, /mount failed on "\/x" with EAGAIN/);
});

test('a step that nobody has heard of', (t) => {
  const error = faultError(fault('new.step', 5));
  t.is(error.code, 'ERR_ROOM_LAUNCH');
  t.regex(error.message, /^cannot complete the step new\.step: mount failed with EIO/);
});

test('a path with a newline or a dollar sign stays on its line', (t) => {
  const { message } = faultError(fault('open.plank', 2, { path: "/a\n$&$'" }));
  t.true(message.includes(String.raw`"/a\n$&$'"`));
});

test('names of errno', (t) => {
  t.is(errnoName(2), 'ENOENT');
  t.is(errnoName(117), 'EUCLEAN');
  t.is(errnoName(116), 'ESTALE');
  t.is(errnoName(9999), 'errno 9999');
});

const rows: readonly (readonly [step: string, errno: number, code: ErrorCode])[] = [
  ['mount.plank', 117, 'ERR_ROOM_PLANK_INVALID'],
  ['mount.plank', 19, 'ERR_ROOM_PLANK_UNSUPPORTED'],
  ['loop.attach', 2, 'ERR_ROOM_PLANK_UNSUPPORTED'],
  ['cgroup.create', 13, 'ERR_ROOM_CGROUP_DELEGATION'],
  ['cgroup.write', 2, 'ERR_ROOM_CGROUP_CONTROLLER'],
  ['userns.create', 1, 'ERR_ROOM_USERNS_UNAVAILABLE'],
  ['mount.bind', 2, 'ERR_ROOM_MOUNT_SOURCE'],
  ['mount.target', 20, 'ERR_ROOM_MOUNT_TARGET'],
  ['mount.idmap', 22, 'ERR_ROOM_MOUNT_IDMAP'],
  ['seccomp', 22, 'ERR_ROOM_SECCOMP_PROFILE'],
  ['seclude', 1, 'ERR_ROOM_PERMISSION'],
  ['run.exec', 2, 'ERR_ROOM_COMMAND_NOT_FOUND'],
  ['run.exec', 13, 'ERR_ROOM_COMMAND_NOT_EXECUTABLE'],
  ['run.exec', 8, 'ERR_ROOM_COMMAND_NOT_EXECUTABLE'],
  ['run.exec', 7, 'ERR_ROOM_COMMAND_TOO_LONG'],
  ['run.exec', 12, 'ERR_ROOM_LAUNCH'],
  ['run.cwd', 13, 'ERR_ROOM_CWD'],
];

for (const [step, errno, code] of rows) {
  test(`${step} with ${errnoName(errno)} is ${code}`, (t) => {
    t.is(faultError(fault(step, errno)).code, code);
  });
}

test('every errno in the table has a name that exists', (t) => {
  const known = new Set(Array.from({ length: 134 }, (_, errno) => errnoName(errno)));
  const named = Object.values(faultRules).flatMap(({ on }) =>
    Object.keys(on ?? {}).flatMap((names) => names.split(' ')),
  );
  for (const name of [...named, ...Object.keys(generalHints)]) t.true(known.has(name), name);
});

test('every code in the table is documented', (t) => {
  for (const { code, on } of Object.values(faultRules)) {
    for (const used of [code, ...Object.values(on ?? {}).map((special) => special.code)]) {
      t.true(used === undefined || used in errorCodes, used);
    }
  }
});

test('every step of native code has words', (t) => {
  const steps = nativeSteps();
  t.true(steps.size > 40, `found only ${steps.size} steps`);
  t.deepEqual(
    [...steps].filter((step) => !(step in faultRules)),
    [],
  );
});

test('every step in the table is one of native code', (t) => {
  const source = nativeSources().join('\n');
  const gone = Object.keys(faultRules).filter((step) => !source.includes(`"${step}"`));
  t.deepEqual(gone, []);
});

/** The first literal after each call that reports a failure, and what room-init's steps are called. */
function nativeSteps(): Set<string> {
  const first = /\b(?:Fail\(\s*[\w.]*fault_?,|NewFilesystem\()\s*"([a-z.-]+)"/g;
  // In room-init and before it, the failing call itself comes first.
  const last = /\bFailed\([^;{]*?"([a-z.-]+)",\s*"[a-z0-9_]+"/g;
  const steps = nativeSources().flatMap((text) =>
    [...text.matchAll(first), ...text.matchAll(last)].map((match) => match[1] ?? ''),
  );
  // Arguments of the failing call itself.
  const others = ['lowerdir', 'upperdir', 'workdir'];
  return new Set(steps.filter((step) => !others.includes(step)));
}

function nativeSources(): string[] {
  const root = join(packageRoot(), 'native');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(cc|h)$/.test(file))
    .map((file) => readFileSync(join(root, file), 'utf8'));
}
