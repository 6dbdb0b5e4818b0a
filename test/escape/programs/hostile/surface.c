// surface write TREE…: prints every file that can be opened for writing (none is written to).
// surface read NEEDLE TREE…: prints every file in whose first 64 KiB the needle stands.
// Links are not followed, and what would block is not waited for.
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hostile.h"

static const char* needle;
static char watched[4096];
static int looked;

static void stuck(int signal) {
  (void)signal;
  (void)!write(2, watched, strlen(watched));
  (void)!write(2, " blocks\n", 8);
  _exit(1);
}

static int visit(const char* path, const struct stat* facts, int type, struct FTW* place) {
  (void)place;
  static char text[1 << 16];
  if (type != FTW_F || S_ISLNK(facts->st_mode)) return 0;
  // Processes, this one among them, have their own rules (ptrace access) and tests; what they are is no secret of the
  // host.
  if (strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9') return 0;
  looked++;
  snprintf(watched, sizeof watched, "%s", path);
  alarm(5);
  int fd = open(path, (needle ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (!needle) {
    puts(path);
  } else {
    ssize_t size = 0, part;
    while (size < (ssize_t)sizeof text && (part = read(fd, text + size, sizeof text - (size_t)size)) > 0) size += part;
    if (memmem(text, (size_t)size, needle, strlen(needle))) puts(path);
  }
  close(fd);
  return 0;
}

int surface(int count, char** words) {
  if (count < 2) return 2;
  int first = 1;
  if (strcmp(words[0], "read") == 0) needle = words[first++];
  signal(SIGALRM, stuck);
  for (int i = first; i < count; i++) nftw(words[i], visit, 32, FTW_PHYS);
  printf("looked %d\n", looked);
  return 0;
}
