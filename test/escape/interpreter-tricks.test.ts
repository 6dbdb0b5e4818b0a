/**
 * Goes with class 1: a program of the room names what executes it (PT_INTERP, `#!`), and names a file of the host, the
 * process that starts it, or a descriptor that may have been left open.
 *
 * Rule: the command is executed by a process that is inside already: chroot in EnterRoot() (native/init/assemble/root.cc), and no
 * descriptor left: close_range in SetStdio() (native/init/run.cc).
 * Mutation: EnterRoot(): leave out chroot and chdir.
 */
import { chmod, copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RoomError, RoomSpec } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';
import { programWithInterpreter, talkingProgram } from './helpers/attack-program.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

/** Something that everybody on the host may execute, at a path that rooms have only where a plank was given a copy. */
async function programOfTheHost(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-program-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const program = join(directory, 'program');
  await copyFile(await talkingProgram('of the host'), program);
  return program;
}

/** Other names of the same path: they lead to the host when something in them is resolved outside. */
const detours = (program: string): string[] => [
  program,
  `../../../../../../..${program}`,
  `/proc/self/root${program}`,
  `/proc/thread-self/root${program}`,
  `/proc/self/cwd/../..${program}`,
  `/dev/fd/../root${program}`,
  `/tmp/up${program}`,
];

/** Nothing that these name is there at the moment of execve, or it is nobody's to open. */
const nowhere = [
  '/proc/1/exe',
  '/proc/1/root/bin/busybox',
  ...[3, 4, 5, 6, 7, 8, 9].map((fd) => `/proc/self/fd/${fd}`),
  '/dev/fd/3',
  '/proc/self/fd',
  '/proc/self/fdinfo/0',
  '/proc/self/map_files',
];

/** The interpreter is the one that starts programs: room-init, for itself, with nothing that it could do. */
const itself = ['/proc/self/exe', '/proc/thread-self/exe', '/proc/2/exe'];

/** What a command printed; 'refused' for one that the kernel would not execute. Everything else fails the test. */
async function outputOf(t: ExecutionContext, spec: RoomSpec): Promise<string> {
  try {
    const { stdout, stderr } = await rooms.anchor.run(spec);
    return stdout + stderr;
  } catch (error) {
    t.regex((error as RoomError).code, /^ERR_ROOM_COMMAND_NOT_(FOUND|EXECUTABLE)$/, String(error));
    return 'refused';
  }
}

/** A plank that has, for each interpreter, a script and a linked program: /bin/script-N and /bin/linked-N. */
async function interpretedPlank(
  t: ExecutionContext,
  interpreters: readonly string[],
  inside: Readonly<Record<string, string>> = {},
): Promise<{ plank: string; commands: { line: string[]; interpreter: string }[] }> {
  const place = await mkdtemp(join(tmpdir(), 'anchor-linked-'));
  t.teardown(() => rm(place, { recursive: true, force: true }));
  const copies: Record<string, string> = { ...inside };
  const files: Record<string, string> = {};
  const modes: Record<string, number> = {};
  for (const [index, interpreter] of interpreters.entries()) {
    copies[`bin/linked-${index}`] = join(place, String(index));
    await programWithInterpreter(interpreter, join(place, String(index)));
    files[`bin/script-${index}`] = `#!${interpreter}\n`;
    modes[`bin/script-${index}`] = 0o755;
  }
  const plank = await hostilePlank(t, { copies, files, modes, links: { 'tmp/up': '../../../../../../..' } });
  const commands = interpreters.flatMap((interpreter, index) =>
    ['script', 'linked'].map((kind) => ({ line: [`/bin/${kind}-${index}`], interpreter })),
  );
  return { plank, commands };
}

test('no name of an interpreter leads to a program of the host', async (t) => {
  const program = await programOfTheHost(t);
  const { plank, commands } = await interpretedPlank(t, [...detours(program), ...nowhere]);
  for (const { line, interpreter } of commands)
    for (const identity of ['mapped', 'host'] as const)
      t.is(await outputOf(t, { plank, command: line, identity }), 'refused', interpreter);
});

test('where the room has a file of that name, it is that one', async (t) => {
  const program = await programOfTheHost(t);
  const inside = { [program.slice(1)]: await talkingProgram('of the room') };
  const { plank, commands } = await interpretedPlank(t, detours(program), inside);
  for (const { line, interpreter } of commands)
    t.is(await outputOf(t, { plank, command: line, user: 'app' }), 'of the room\n', interpreter);
});

test('a program that is interpreted by what starts it runs as itself in the room', async (t) => {
  const { plank, commands } = await interpretedPlank(t, itself);
  for (const { line, interpreter } of commands) {
    const spec: RoomSpec = { plank, command: line, lifetime: '1s', stdio: ['ignore', 'pipe', 'pipe'] };
    t.is(await outputOf(t, spec), '', interpreter);
  }
});

test('the same holds for what is started later, from wherever the room says', async (t) => {
  const program = await programOfTheHost(t);
  const { plank, commands } = await interpretedPlank(t, [...detours(program), ...nowhere]);
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'] });
  t.teardown(() => room.destroy());
  for (const cwd of ['/', '/proc/self', '/proc/self/root/tmp', '/dev/fd'])
    for (const { line, interpreter } of commands) {
      const error = await t.throwsAsync(room.exec(line, { cwd }));
      t.regex((error as RoomError).code, /^ERR_ROOM_COMMAND_NOT_/, `${interpreter} from ${cwd}`);
    }
});
