// execute ARGUMENT: really makes every system call from 0 to 600, by the native entry, with the x32 bit and by int
// 0x80, six times the same argument, in a process each. Whatever hangs is killed. Prints how many came back.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "hostile.h"

enum { NUMBERS = 601, PATIENCE_MS = 400 };

// The first two write all of the host's dirty pages, which takes as long as that takes; the others would set its clock,
// and where the walls are missing the host shall not be the one to pay.
static int is_left_out(int number) {
  return number == SYS_sync || number == SYS_syncfs || number == SYS_settimeofday || number == SYS_clock_settime;
}

static void make(int entry, int number, unsigned long with) {
  if (entry == 2)
    __asm__ volatile("int $0x80"
                     :
                     : "a"(number), "b"(with), "c"(with), "d"(with), "S"(with), "D"(with)
                     : "memory", "r8", "r9", "r10", "r11");
  else
    syscall(number | (entry == 1 ? 0x40000000 : 0), with, with, with, with, with, with);
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int execute_all(int count, char** words) {
  static char buffer[1 << 16];
  if (count != 1) return 2;
  unsigned long with = strcmp(words[0], "pointer") == 0 ? (unsigned long)buffer : strtoul(words[0], 0, 0);
  int made = 0, hung = 0;
  for (int entry = 0; entry < 3; entry++) {
    pid_t children[NUMBERS];
    for (int number = 0; number < NUMBERS; number++) {
      if (is_left_out(number)) {
        children[number] = -1;
        continue;
      }
      children[number] = fork();
      if (children[number] == 0) {
        make(entry, number, with);
        _exit(0);
      }
    }
    long end = now_ms() + PATIENCE_MS;
    for (int number = 0; number < NUMBERS; number++) {
      if (children[number] < 0) continue;
      int over = 0;
      while ((over = waitpid(children[number], 0, WNOHANG | __WALL)) == 0 && now_ms() < end) usleep(1000);
      if (over == 0) {
        hung++;
        kill(children[number], SIGKILL);
        waitpid(children[number], 0, __WALL);
      }
      made++;
    }
  }
  printf("made %d hung %d\n", made, hung);
  return 0;
}
