// A program that stays: writes one byte to stdout when it is ready and waits until it is killed.
//
//   idle [FILES]   makes that many empty files in the root directory before

#include <fcntl.h>
#include <linux/time_types.h>

#include "bare.h"

static void say(char byte) { call(SYS_write, 1, (long)&byte, 1); }

static long number_in(const char* text) {
  long number = 0;
  for (; *text >= '0' && *text <= '9'; text++) number = number * 10 + (*text - '0');
  return number;
}

// Names of a fixed length, "/aaaaaa" and on: there is no printf here.
static void name_file(char* name, long number) {
  for (int at = 6; at > 0; at--, number /= 26) name[at] = (char)('a' + number % 26);
}

// Called from the first instruction with the stack as the kernel has left it: argc, then argv.
__attribute__((used)) void run(long* stack) {
  const char* argument = stack[0] > 1 ? (const char*)stack[2] : "0";
  char name[8] = {'/'};
  long files = number_in(argument);
  for (long file = 0; file < files; file++) {
    name_file(name, file);
    long fd = call(SYS_openat, AT_FDCWD, (long)name, O_CREAT | O_WRONLY);  // no mode: nobody reads it
    if (fd < 0) {
      say('!');
      for (;;) call(SYS_exit_group, 1, 0, 0);
    }
    call(SYS_close, fd, 0, 0);
  }
  say('.');
  struct __kernel_timespec forever = {.tv_sec = 1 << 30};
  for (;;) call(SYS_nanosleep, (long)&forever, 0, 0);
}

#if defined(__x86_64__)
__asm__(".global _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call run\n");
#elif defined(__aarch64__)
__asm__(".global _start\n_start: mov x0, sp\n bl run\n");
#endif
