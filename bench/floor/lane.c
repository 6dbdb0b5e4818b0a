#define _GNU_SOURCE
#include "lane.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

enum { MAX_FILTER = 4096 };

static char notes[256];

// A loop device that goes away with its last user, so nothing is left however this process ends.
static void attach_loop(struct lane* lane, const char* image) {
  int control = (int)check("open loop-control", sys(SYS_open, "/dev/loop-control", O_RDWR | O_CLOEXEC));
  int file = (int)check("open plank", sys(SYS_open, image, O_RDONLY | O_CLOEXEC));
  struct loop_config config = {.fd = (unsigned)file, .block_size = 512};
  config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
  long result = -EBUSY;
  for (int tries = 0; tries < 64 && result == -EBUSY; tries++) {
    long number = check("free loop device", sys(SYS_ioctl, control, LOOP_CTL_GET_FREE));
    snprintf(lane->image, sizeof lane->image, "/dev/loop%ld", number);
    lane->loop = (int)check("open loop device", sys(SYS_open, lane->image, O_RDONLY | O_CLOEXEC));
    result = sys(SYS_ioctl, lane->loop, LOOP_CONFIGURE, &config);
    if (result < 0) close(lane->loop);  // -EBUSY: somebody else was faster
  }
  check("LOOP_CONFIGURE", result);
  close(file);
  close(control);
}

static struct sock_fprog read_filter(const char* path) {
  static struct sock_filter instructions[MAX_FILTER];
  int fd = (int)check("open filter", sys(SYS_open, path, O_RDONLY | O_CLOEXEC));
  long bytes = check("read filter", sys(SYS_read, fd, instructions, sizeof instructions));
  close(fd);
  return (struct sock_fprog){(unsigned short)((size_t)bytes / sizeof *instructions), instructions};
}

struct lane open_lane(int count, char** arguments) {
  if (count < 4) {
    fputs("floor scratch|poolnet|warm PLANK FILTER [CGROUP]\n", stderr);
    exit(2);
  }
  struct lane lane = {.mode = SCRATCH, .cgroup = -1};
  if (strcmp(arguments[1], "poolnet") == 0) lane.mode = POOLNET;
  if (strcmp(arguments[1], "warm") == 0) lane.mode = WARM;
  attach_loop(&lane, arguments[2]);
  lane.filter = read_filter(arguments[3]);
  if (count > 4 && *arguments[4] != '\0')
    lane.cgroup = (int)check("open cgroup", sys(SYS_open, arguments[4], O_PATH | O_DIRECTORY | O_CLOEXEC));
  else
    note("no cgroup of its own");
  return lane;
}

long check(const char* step, long result) {
  if (result >= 0) return result;
  printf("{\"failed\":\"%s: %s\"}\n", step, strerror((int)-result));
  fflush(stdout);
  exit(1);
}

void note(const char* text) {
  size_t length = strlen(notes);
  snprintf(notes + length, sizeof notes - length, "%s; ", text);
}

void answer_ready(void) {
  printf("{\"ready\":true,\"note\":\"%s\"}\n", notes);
  fflush(stdout);
}

bool next_request(void) {
  char request[64];
  return fgets(request, sizeof request, stdin) != NULL;
}

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

struct sample measure(double begin, int output, int pidfd) {
  struct sample sample;
  char byte;
  long got = read(output, &byte, 1);
  sample.first = now() - begin;
  siginfo_t info = {0};
  check("waitid", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
  sample.exit = now() - begin;
  sample.good = got == 1 && info.si_code == CLD_EXITED && info.si_status == 0;
  return sample;
}

void answer(struct sample sample) {
  printf("{\"first\":%.1f,\"exit\":%.1f}\n", sample.first, sample.exit);
  fflush(stdout);
}
