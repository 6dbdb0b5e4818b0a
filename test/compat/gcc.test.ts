import test from 'ava';
import { lines } from '../helpers/room.js';
import { usePrograms } from './program-rooms.js';

const rooms = usePrograms(test);

const program = `
#include <math.h>
#include <pthread.h>
#include <stdio.h>
static void *root(void *n) { *(double *)n = sqrt(*(double *)n); return NULL; }
int main(void) {
  pthread_t threads[8];
  double values[8];
  for (int i = 0; i < 8; i++) { values[i] = (i + 1) * (i + 1); pthread_create(&threads[i], NULL, root, &values[i]); }
  for (int i = 0; i < 8; i++) { pthread_join(threads[i], NULL); printf("%g ", values[i]); }
  puts("done");
}`;

for (const [kind, flags] of [
  ['linked dynamically', '-O2'],
  ['linked statically', '-O2 -static'],
  ['optimised at link time', '-O3 -flto=2'],
  ['position-dependent', '-no-pie'],
])
  test(`gcc: threads, ${kind}`, async (t) => {
    const output = await rooms.output(
      t,
      `cd /tmp && cat > a.c <<'END'${program}\nEND\ngcc -Wall -Wextra -Werror ${flags} -o a a.c -lm -pthread && exec ./a`,
    );
    t.is(output, '1 2 3 4 5 6 7 8 done');
  });

test('gcc: a shared library that is opened at run time', async (t) => {
  const output = await rooms.output(
    t,
    `cd /tmp && echo 'int answer(void) { return 42; }' > answer.c && gcc -shared -fPIC -o libanswer.so answer.c
     cat > main.c <<'END'
     #include <dlfcn.h>
     #include <stdio.h>
     int main(void) { printf("%d\\n", ((int (*)(void))dlsym(dlopen("./libanswer.so", RTLD_NOW), "answer"))()); }
END
     cc -o main main.c && exec ./main`,
  );
  t.is(output, '42');
});

const leaking = `cd /tmp && echo '#include <stdlib.h>
  int main(int count, char **words) { if (count > 1) { char *p = malloc(8); return p[8]; } return malloc(10) == NULL; }' > a.c
  gcc -g -fsanitize=address,undefined -o a a.c`;

test('gcc: AddressSanitizer finds what is wrong; its leak detector does not work by default', async (t) => {
  const { stderr } = await rooms.anchor.run(rooms.shell(`${leaking} && ./a overflow`));
  t.regex(stderr, /heap-buffer-overflow/);
  const leak = await rooms.anchor.run(rooms.shell(`${leaking} && ./a`));
  t.regex(leak.stderr, /LeakSanitizer has encountered a fatal error/);
  const without = await rooms.anchor.run(
    rooms.shell(`${leaking} && ./a`, { env: { ASAN_OPTIONS: 'detect_leaks=0' } }),
  );
  t.is(without.outcome.exitCode, 0, without.stderr);
});

test('gcc: the leak detector works with a grant of ptrace', async (t) => {
  const { stderr } = await rooms.anchor.run(
    rooms.shell(`${leaking} && ./a`, { seccomp: { allow: ['ptrace'] } }),
  );
  t.regex(stderr, /10 byte\(s\) leaked in 1 allocation/);
});

test('gcc: a program that crashes says so, and leaves no core', async (t) => {
  const { stdout, outcome } = await rooms.anchor.run(
    rooms.spec([
      'bash',
      '-c',
      'cd /tmp && echo "int main(void) { __builtin_trap(); }" > a.c && gcc -o a a.c; ./a; echo $?; ls; exec ./a',
    ]),
  );
  t.deepEqual(lines(stdout), ['132', 'a', 'a.c']);
  t.is(outcome.signal, 'SIGILL');
});
