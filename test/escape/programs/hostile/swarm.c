// swarm COUNT: becomes that many processes, each of which holds on in another way. With `restless` each of them is
// followed by a child and gone, 300 times. Prints `swarm COUNT` once all live.
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "hostile.h"

static void hold_on(int kind, volatile int* ready) {
  switch (kind % 6) {
    case 0:  // deaf
      for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
      break;
    case 1:  // of a session of its own, and an orphan
      setsid();
      if (fork() != 0) _exit(0);
      break;
    case 2:  // with a zombie
      signal(SIGCHLD, SIG_DFL);
      if (fork() == 0) _exit(0);
      break;
    case 3:  // unwilling to be looked at
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      break;
    case 4:  // as a reaper of others
      prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
      break;
    default:
      break;
  }
  __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
  // Stopped, or inside of a call that only the end of another process ends.
  if (kind % 6 == 4) raise(SIGSTOP);
  if (kind % 6 == 5 && vfork() == 0)
    for (;;) pause();
  for (;;) pause();
}

// Slowly, and not for ever: what room-init does not reap in time are numbers that the host has no more for others.
static void never_stay(void) {
  setsid();
  for (int generation = 0; generation < 300; generation++) {
    usleep(5000);
    if (fork() > 0) _exit(0);
  }
  for (;;) pause();
}

int swarm(int count, char** words) {
  int wanted = count > 0 ? atoi(words[0]) : 0;
  int restless = count > 1 && strcmp(words[1], "restless") == 0;
  // What it leaves is room-init's to reap.
  signal(SIGCHLD, SIG_IGN);
  volatile int* ready = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int kind = 0; kind < wanted; kind++) {
    pid_t child = fork();
    if (child < 0) {
      perror("fork");
      return 1;
    }
    if (child == 0 && restless) {
      __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
      never_stay();
    }
    if (child == 0) hold_on(kind, ready);
  }
  while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < wanted) usleep(1000);
  printf("swarm %d\n", wanted);
  fflush(stdout);
  for (;;) pause();
}
