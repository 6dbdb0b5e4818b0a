// Class 13: the calls of another ABI slip by a filter that looks at native numbers (firejail 2016), or a tracer changes the
// number after the filter has looked (CVE-2017-5206).
// Rule: compilePolicy() in src/plan/seccomp/compile.ts asks for the architecture first and kills what is not x86-64; bit 30
//   of the number (x32) is beyond `newestSyscall`, which is ENOSYS. Since Linux 4.8 the kernel runs the filter after tracers.
// Mutation: in compilePolicy(), replace KILL_PROCESS by ALLOW (from actions.ts); or in ranges() give the last append()
//   ALLOW for `unknown`.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import type { RoomError } from '../../src/index.js';
import { useRooms } from '../helpers/room.js';
import { compile } from '../helpers/c-program.js';
import { attack, hostileProgram } from './helpers/hostile-program.js';
import { verdicts } from './helpers/syscall-probe.js';

const rooms = useRooms(test);

/** Whether this host has a door for 32-bit programs at all, asked outside of any room. */
async function hasIa32(): Promise<boolean> {
  const { stdout } = await promisify(execFile)(await hostileProgram(), ['ia32']);
  return stdout === 'open\n';
}

for (const identity of ['mapped', 'host'] as const) {
  test(`numbers of x32 are ENOSYS, all of them, with identity ${identity}`, async (t) => {
    for (const argument of ['0', '0xffffffffffffffff']) {
      const given = await verdicts(t, rooms, ['x32', argument], { identity });
      t.is(given.size, 601);
      t.deepEqual([...new Set(given.values())], ['ENOSYS']);
    }
  });

  test(`int 0x80 kills, whatever the number, with identity ${identity}`, async (t) => {
    const given = await verdicts(t, rooms, ['i386'], { identity });
    t.is(given.size, 601);
    t.deepEqual([...new Set(given.values())], [(await hasIa32()) ? 'killed' : 'closed']);
  });
}

test('no door but that of 64-bit programs opens, from 32-bit code either', async (t) => {
  const results = await attack(t, rooms, ['foreign']);
  t.is(results.length, 12);
  const killed = results.filter((line) => /^(int80|32-bit)/.test(line));
  t.is(killed.length, 7);
  // By SIGSYS; by SIGILL where the processor itself lacks that door, by SIGSEGV where the kernel does.
  const signal = (await hasIa32()) ? 31 : 11;
  t.deepEqual(
    killed.filter(
      (line) => !line.endsWith(` killed by ${signal}`) && !/^32-bit sys\w+ killed by 4$/.test(line),
    ),
    [],
  );
  t.true(killed.includes(`32-bit int80 killed by ${signal}`));
  t.deepEqual(
    results.filter((line) => !killed.includes(line) && !line.endsWith(' ENOSYS')),
    [],
  );
});

test('a tracer cannot turn a call into another one that is refused', async (t) => {
  const results = await attack(t, rooms, ['retrace'], { seccomp: { allow: ['ptrace'] } });
  t.deepEqual(results, [
    'ptrace getppid 0',
    'filter getppid 0',
    'ptrace unshare EPERM',
    'filter unshare EPERM',
    'ptrace keyctl EPERM',
    'filter keyctl EPERM',
    'ptrace x32 ENOSYS',
    'filter x32 ENOSYS',
  ]);
});

// Whole programs of these kinds, made without a C library of theirs.
for (const [kind, flag] of [
  ['i386', '-m32'],
  ['x32', '-mx32'],
] as const)
  test(`a program for ${kind} comes to nothing`, async (t) => {
    const program = join(rooms.directory, kind, 'stranger');
    await mkdir(join(rooms.directory, kind));
    await compile([resolve(`test/escape/programs/stranger-${kind}.c`)], program, [
      flag,
      '-static',
      '-nostdlib',
      '-ffreestanding',
      '-fno-stack-protector',
      '-fno-pic',
    ]);
    const mounts = [{ host: program, at: '/stranger' }];
    try {
      const { stdout, outcome } = await rooms.anchor.run(rooms.spec(['/stranger'], { mounts }));
      t.is(stdout, '');
      t.is(outcome.reason, 'signaled');
      // A 32-bit program dies by SIGSYS. One for x32 has no way to end but to run into its own last instruction.
      t.regex(outcome.signal ?? '', kind === 'i386' ? /^SIGSYS$/ : /^SIG(SYS|ILL|SEGV)$/);
    } catch (error) {
      // A kernel that does not execute them at all.
      t.is((error as RoomError).code, 'ERR_ROOM_COMMAND_NOT_EXECUTABLE');
    }
  });
