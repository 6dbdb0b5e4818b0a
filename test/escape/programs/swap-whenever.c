// swap-whenever A B: exchanges two names for ever, whenever both are there.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char** names) {
  if (count != 3) return 2;
  puts("swapping");
  fflush(stdout);
  for (;;) renameat2(AT_FDCWD, names[1], AT_FDCWD, names[2], RENAME_EXCHANGE);
}
