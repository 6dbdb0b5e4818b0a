// take-instances COUNT: makes that many inotify instances, says how many it got, and keeps them until its stdin ends.
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int count, char** words) {
  int wanted = count > 1 ? atoi(words[1]) : 0;
  int got = 0;
  while (got < wanted && inotify_init1(IN_CLOEXEC) >= 0) got++;
  printf("%d\n", got);
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
