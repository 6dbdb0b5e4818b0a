import test from 'ava';
import type { RoomSpec } from '../../src/index.js';
import { lines } from '../helpers/room.js';
import { said, usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

const granted: Partial<RoomSpec> = { seccomp: { allow: ['ptrace'] } };

// Says that it is there and waits for a line, so that one can attach; then leaves with 42.
const program = `cd /tmp && cat > a.c <<'END'
#include <stdio.h>
int global = 6;
int twice(int n) { int result = n * 2; return result; }
int main(void) { char line[8]; puts("ready"); fflush(stdout); if (fgets(line, sizeof line, stdin) == NULL) return 1; return twice(21); }
END
gcc -g -O0 -o a a.c && mkfifo input output`;

const breakpoint = `gdb -q -nx -batch -ex 'break twice' -ex 'run < line' -ex 'finish' -ex 'print global * 7' -ex 'bt' -ex 'continue' ./a`;
const traced = `strace -f -o trace sh -c 'echo x | ./a'; echo "left with $?"`;

for (const user of ['root', 'app']) {
  test(`gdb as ${user} starts a program when ptrace is granted`, async (t) => {
    const output = await rooms.output(t, `${program} && echo x > line && ${breakpoint}`, {
      user,
      ...granted,
    });
    t.regex(output, /Breakpoint 1, twice \(n=21\) at a\.c:3/);
    t.regex(output, /Value returned is \$1 = 42/);
    t.regex(output, /\$2 = 42/);
    t.regex(output, /exited with code 052/);
  });

  test(`gdb as ${user} attaches to a process of its room when ptrace is granted`, async (t) => {
    const line = `${program} && { ./a < input > output & } && exec 3> input 4< output && read ready <&4
      gdb -q -nx -batch -p $! -ex 'break twice' -ex 'shell echo x > input' -ex continue -ex 'print n' -ex 'set var n = 4' -ex continue ./a
      wait $!; echo "left with $?"`;
    const output = await rooms.output(t, line, { user, ...granted });
    t.regex(output, /\$1 = 21/);
    t.regex(output, /exited with code 010/);
  });

  test(`strace as ${user} follows processes when ptrace is granted`, async (t) => {
    const output = await rooms.output(t, `${program} && ${traced}; cat trace`, { user, ...granted });
    t.regex(output, /left with 42/);
    t.regex(output, /execve\("\.\/a", \["\.\/a"\], 0x/);
    // Or `<... read resumed>`, when another process was in between.
    t.regex(output, /read.*"x\\n", \d+\)/);
    t.regex(output, /\+\+\+ exited with 42 \+\+\+/);
  });
}

test('without the grant neither runs, and each says why', async (t) => {
  const debugged = await rooms.anchor.run(rooms.shell(`${program} && echo x > line && ${breakpoint}`));
  t.regex(debugged.stderr, /ptrace: Operation not permitted/);
  t.notRegex(debugged.stdout, /Breakpoint 1, twice/);
  const { stdout, stderr } = await rooms.anchor.run(rooms.shell(`${program} && ${traced}`));
  t.regex(stderr, /ptrace\(PTRACE_TRACEME, \.\.\.\): Operation not permitted/);
  t.deepEqual(lines(stdout), ['left with 1']);
});

test('a grant of ptrace reaches processes of the own user, not room-init and not those of others', async (t) => {
  const room = await rooms.start(t, 'sleep 1000', { user: 'app', ...granted });
  for (const [user, pid] of [
    ['app', 1],
    ['root', 1],
    ['root', 2],
  ] as const) {
    const output = await said(t, room, ['sh', '-c', `gdb -q -nx -batch -p ${pid} 2>&1 || true`], { user });
    t.regex(output, /ptrace: Operation not permitted/, `${user} ${pid}`);
  }
});
