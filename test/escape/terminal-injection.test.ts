/**
 * Class 8: a room types into the terminal of the program that embeds it, or takes it over (CVE-2017-5226, CVE-2023-28100,
 * CVE-2019-10063).
 *
 * Rule: TIOCSTI, TIOCLINUX and TIOCSETD are refused by the low 32 bits of their number (the row `ioctl` of defaultProfile in
 * src/plan/seccomp/default-profile.ts, int() in src/plan/seccomp/policy.ts); every command leads a session of its own
 * (setsid in Child(), native/init/run.cc), so an inherited terminal is not its own.
 * Names that a room chose are made printable: printable() in src/room/room-fd.ts.
 * Mutation: printable() answers its text; the line `[int(1, 'EQ', 0x5412)]` left out (where dev.tty.legacy_tiocsti is 1); or Child() without setsid.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import type { RoomError, RoomSpec } from '../../src/index.js';
import { library, lines, useRooms } from '../helpers/room.js';
import { hostilePlank } from './helpers/hostile-plank.js';

const rooms = useRooms(test);

interface OuterTerminal {
  /** Bytes of input that nobody typed. */
  readonly typed: number;
  /** It has the session and the foreground group that it had. */
  readonly same: boolean;
  /** Somebody who has it open can still write to it. */
  readonly alive: boolean;
}

/** Runs a room with `inherit` in a program on a terminal: what the terminal showed, and what has become of it. */
async function onTerminal(
  t: ExecutionContext,
  relation: 'leader' | 'stranger',
  spec: Omit<RoomSpec, 'plank'>,
): Promise<{ shown: string[]; terminal: OuterTerminal }> {
  const plank = await hostilePlank(t, { programs: ['reach-terminal'] });
  const source = `
    import { Anchor } from ${JSON.stringify(library)};
    console.log('before');
    const anchor = await Anchor.open();
    const room = await anchor.spawn(${JSON.stringify({ plank, stdio: 'inherit', ...spec })});
    await room.removed;
    await anchor.close();
    console.log('after');
    setTimeout(() => {}, 60_000);`;
  const python = resolve('test/escape/helpers/outer-terminal.py');
  const node = [process.execPath, '--input-type=module', '--eval', source];
  const child = spawn('python3', [python, relation, ...node], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  let [shown, report] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (report += chunk.toString()));
  await once(child, 'close');
  const said = lines(shown.replaceAll('\r', ''));
  t.true(said.includes('end') || spec.command[0] !== 'reach-terminal', `${shown}${report}`);
  return { shown: said, terminal: JSON.parse(report) as OuterTerminal };
}

for (const identity of ['mapped', 'host'] as const) {
  test(`a room on the terminal of a session types nothing into it, identity ${identity}`, async (t) => {
    const { shown, terminal } = await onTerminal(t, 'leader', { command: ['reach-terminal'], identity });
    t.deepEqual(shown, ['before', 'end', 'after']);
    t.deepEqual(terminal, { typed: 0, same: true, alive: true });
  });

  test(`a room on a terminal that controls nobody types nothing into it, identity ${identity}`, async (t) => {
    const { shown, terminal } = await onTerminal(t, 'stranger', { command: ['reach-terminal'], identity });
    t.deepEqual(
      shown.filter((line) => /^DID (?!TIOCSPGRP|TIOCSCTTY|open)/.test(line)),
      [],
    );
    // It may have been the room's for a while. That must end with the room, and not by hanging up on the others.
    t.deepEqual(terminal, { typed: 0, same: true, alive: true });
  });
}

test('nor does one with every capability of its room', async (t) => {
  const capabilities = ['SYS_ADMIN', 'SYS_TTY_CONFIG', 'SETUID', 'KILL'] as const;
  const { shown, terminal } = await onTerminal(t, 'leader', { command: ['reach-terminal'], capabilities });
  t.deepEqual(shown, ['before', 'end', 'after']);
  t.deepEqual(terminal, { typed: 0, same: true, alive: true });
});

test('a terminal of the room itself does not let it type either', async (t) => {
  const plank = await hostilePlank(t, { programs: ['reach-terminal'] });
  const { stdout } = await rooms.anchor.run({
    plank,
    command: ['sh', '-c', 'reach-terminal; stty -icanon min 0 time 0; cat | wc -c'],
    stdio: { pty: {} },
  });
  const said = lines(stdout.replaceAll('\r', ''));
  t.deepEqual(
    said.filter((line) => /^DID (?!TIOCSPGRP|TIOCSCTTY|open)/.test(line)),
    [],
  );
  t.deepEqual(said.slice(-2), ['end', '0']);
});

// Messages of node:fs have paths as they are, and a name that a room chose could write to the terminal that somebody prints the error
// on. asFileError() and fileError() in src/room/room-fd.ts let no control character through, in the cause neither.
test('messages of errors have no control characters that a room has put into a name', async (t) => {
  const plank = await hostilePlank(t, { programs: ['grow-tree'] });
  const room = await rooms.anchor.spawn({ plank, command: ['sleep', '1000'] });
  t.teardown(() => room.destroy());
  await room.files.makeDirectory('/tmp/tree');
  const swapper = await room.exec(['grow-tree', 'kinds', '/tmp/tree/\x1b]0;title\x07\x1b[2J', '/none']);
  await once(swapper.stdout!, 'data');
  let named = false;
  for (let round = 0; round < 500; round++) {
    const error = await room.files.copyOut('/tmp/tree', join(rooms.directory, `copy-${round}`)).then(
      () => null,
      (error: unknown) => error as RoomError,
    );
    if (error === null) continue;
    named ||= error.message.includes('u{1b}');
    if (/[\x00-\x1f\x7f]/.test(error.message)) return t.fail(JSON.stringify(error.message));
    // As console.error() prints it, with its cause.
    if (/[\x00-\x09\x0b-\x1f\x7f]/.test(inspect(error))) return t.fail(JSON.stringify(inspect(error)));
  }
  t.true(named, 'there was an error with the name in it');
});
