#include "cuts.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMost = 4000 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char told_by[kMost];
static int count = 0;
static long long last = -1;

static int opened(const char* path, int flags) {
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) perror(path), exit(2);
  return fd;
}

void begin_cuts(struct cuts* cuts, const char* image, const char* disk, const char* directory, const char* drop) {
  char path[256];
  snprintf(path, sizeof path, "/sys/block/%s/stat", disk);
  cuts->image = opened(image, O_RDONLY);
  cuts->stat = opened(path, O_RDONLY);
  cuts->directory = opened(directory, O_RDONLY | O_DIRECTORY);
  cuts->drop = drop;
}

// Writes that have ended so far; -1 while one is on its way, or cannot be told.
static long long writes_of(const struct cuts* cuts) {
  char text[512];
  ssize_t length = pread(cuts->stat, text, sizeof text - 1, 0);
  if (length <= 0) return -1;
  text[length] = 0;
  // Documentation/block/stat.rst
  unsigned long long v[9];
  if (sscanf(text, "%llu %llu %llu %llu %llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7,
             v + 8) != 9)
    return -1;
  return v[8] ? -1 : (long long)v[4];
}

void cut(struct cuts* cuts, int told) {
  pthread_mutex_lock(&turn);
  // Before the copy: a write that ends meanwhile makes one more state, and not one less.
  long long now = writes_of(cuts);
  if (now < 0 || now != last) {
    if (count == kMost) fprintf(stderr, "more than %d states\n", kMost), _exit(2);
    char name[32];
    snprintf(name, sizeof name, "%d", count);
    int copy = openat(cuts->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (copy < 0 || ioctl(copy, FICLONE, cuts->image) < 0) perror("FICLONE"), _exit(2);
    close(copy);
    ++count;
    last = now;
  }
  if (told) told_by[count - 1] = 1;
  pthread_mutex_unlock(&turn);
}

static void* keep_cutting(void* cuts) {
  for (;;) {
    usleep(200);
    cut(cuts, 0);
  }
  return NULL;
}

void cut_all_the_time(struct cuts* cuts) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, keep_cutting, cuts) != 0) exit(2);
}

void list_cuts(void) {
  pthread_mutex_lock(&turn);
  for (int i = 0; i < count; ++i) printf("cut %d%s\n", i, told_by[i] ? " told" : "");
}

int dropped(const struct cuts* cuts, pid_t tid, const struct user_regs_struct* registers) {
  if (strcmp(cuts->drop, "none") == 0) return 0;
  if (strcmp(cuts->drop, "all") == 0) return 1;
  char path[64];
  struct stat info;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)tid, (int)registers->rdi);
  if (stat(path, &info) < 0) return 0;
  return S_ISDIR(info.st_mode) == (strcmp(cuts->drop, "directories") == 0);
}
