// grow-tree deep DIRECTORY COUNT: that many directories, each in the one before. Their path is longer than any call takes.
// grow-tree files|fifos|links DIRECTORY COUNT: that many entries in one directory; links lead out of it.
// grow-tree file PATH: a file that grows as long as there is space, after a line that says it has begun.
// grow-tree kinds PATH TARGET: a name that is a file, a FIFO, a link to TARGET, a directory and nothing, for ever in turns.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char* what) {
  perror(what);
  return 1;
}

static int deep(const char* directory, long count) {
  if (mkdir(directory, 0755) != 0 || chdir(directory) != 0) return fail(directory);
  for (long i = 1; i < count; i++)
    if (mkdir("d", 0755) != 0 || chdir("d") != 0) return fail("d");
  return 0;
}

static int many(const char* kind, const char* directory, long count) {
  if (mkdir(directory, 0755) != 0 || chdir(directory) != 0) return fail(directory);
  for (long i = 0; i < count; i++) {
    char name[32];
    snprintf(name, sizeof name, "%06ld", i);
    int made = strcmp(kind, "fifos") == 0   ? mkfifo(name, 0644)
               : strcmp(kind, "links") == 0 ? symlink("/etc/passwd", name)
                                            : mknod(name, S_IFREG | 0644, 0);
    if (made != 0) return fail(name);
  }
  return 0;
}

static int grow(const char* path) {
  static char block[65536];
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (fd < 0 || write(fd, block, sizeof block) < 0) return fail(path);
  puts("growing");
  fflush(stdout);
  while (write(fd, block, sizeof block) > 0) {
  }
  pause();
  return 0;
}

static _Noreturn void kinds(const char* path, const char* target) {
  char other[256];
  snprintf(other, sizeof other, "%s.next", path);
  for (long turn = 0;; turn++) {
    switch (turn % 4) {
      case 0:
        mknod(other, S_IFREG | 0644, 0);
        break;
      case 1:
        mkfifo(other, 0644);
        break;
      case 2:
        symlink(target, other);
        break;
      default:
        mkdir(other, 0755);
    }
    // A directory gives way to a file only when it is gone.
    if (rename(other, path) != 0) {
      rmdir(path);
      unlink(path);
      rename(other, path);
    }
    if (turn == 0) {
      puts("swapping");
      fflush(stdout);
    }
  }
}

int main(int count, char** words) {
  if (count == 3 && strcmp(words[1], "file") == 0) return grow(words[2]);
  if (count != 4) return 2;
  if (strcmp(words[1], "kinds") == 0) kinds(words[2], words[3]);
  if (strcmp(words[1], "deep") == 0) return deep(words[2], atol(words[3]));
  return many(words[1], words[2], atol(words[3]));
}
