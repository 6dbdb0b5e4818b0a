#pragma once

#include <stdint.h>

namespace rooms::sys {

constexpr unsigned kMaxFileName = 255;  // NAME_MAX, which only some of libc's headers name

// linux_dirent64; getdents64(2).
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];

  // Cgroups are the only directories in one.
  bool IsChild() const { return type == 4 /* DT_DIR */ && name[0] != '.'; }
};

// Ends every process in a cgroup and below it. Since Linux 5.14; before that nothing.
void KillCgroup(int cgroup);

// Removes the cgroups below one, the deepest first, until one is busy: its processes may be dying. No recursion:
// whoever made them decided how deep they are.
void RemoveCgroupsBelow(int cgroup);

}  // namespace rooms::sys
