// exhaust KIND: takes all that the kernel gives to one user of a thing, says "exhausted N" and stays.
// spare KIND: takes one of it, and says "spare" or the error.
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "hostile.h"

enum { MANY = 100000 };
static int exhausting;

// Large ones first, then ever smaller ones into what is left.
static int take_queue(int number) {
  static long size = 8192;
  char name[32];
  snprintf(name, sizeof name, "/queue-%d-%d", getpid(), number);
  if (size == 0) size = 8192;
  for (; size > 0; size /= 2) {
    struct mq_attr sizes = {.mq_maxmsg = 8, .mq_msgsize = size};
    int queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &sizes);
    // Its bytes count until it is closed; its name would outlive us.
    if (queue >= 0) return mq_unlink(name);
    if (exhausting == 0) break;
  }
  return -1;
}

static int take_signal(int number) {
  union sigval value = {.sival_int = number};
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGRTMIN + 1);
  sigprocmask(SIG_BLOCK, &blocked, 0);
  return sigqueue(getpid(), SIGRTMIN + 1, value);
}

static int take_terminal(int number) {
  (void)number;
  return posix_openpt(O_RDWR | O_NOCTTY) < 0 ? -1 : 0;
}

static int (*find(int count, char** words))(int) {
  if (count != 1) return 0;
  if (strcmp(words[0], "queues") == 0) return take_queue;
  if (strcmp(words[0], "signals") == 0) return take_signal;
  if (strcmp(words[0], "terminals") == 0) return take_terminal;
  return 0;
}

// As much as this process may: what then stands in the way is the count of somebody else.
static void lift_own_limits(void) {
  int resources[] = {RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING, RLIMIT_NOFILE};
  for (int i = 0; i < 3; i++) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resources[i], &limit) != 0) continue;
    limit.rlim_cur = limit.rlim_max;
    setrlimit((__rlimit_resource_t)resources[i], &limit);
  }
}

int exhaust(int count, char** words) {
  int (*take)(int) = find(count, words);
  if (!take) return 2;
  lift_own_limits();
  exhausting = 1;
  // Others of the same user may give some back: it is taken as well, for as long as this lives.
  int taken = 0;
  for (int refused = 0;; usleep(1000)) {
    while (taken < MANY && take(taken) == 0) taken++, refused = 0;
    if (++refused != 50) continue;
    printf("exhausted %d\n", taken);
    fflush(stdout);
  }
}

int spare(int count, char** words) {
  int (*take)(int) = find(count, words);
  if (!take) return 2;
  lift_own_limits();
  puts(take(0) == 0 ? "spare" : strerrorname_np(errno));
  return 0;
}
