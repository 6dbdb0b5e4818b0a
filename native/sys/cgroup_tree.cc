#include "sys/cgroup_tree.h"

#include <fcntl.h>

#include "sys/raw.h"

// room-keeper is made of this too: raw calls, and nothing of libc.

namespace rooms::sys {

namespace {

// The name of some cgroup in this one; false when there is none.
bool FindChild(int cgroup, char (&name)[kMaxFileName + 1]) {
  alignas(8) char buffer[4096];
  Raw(__NR_lseek, cgroup, 0, 0);
  for (;;) {
    long size = Raw(__NR_getdents64, cgroup, Arg(buffer), sizeof buffer);
    if (size <= 0) return false;
    for (long at = 0; at < size;) {
      const DirectoryEntry* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      at += entry->length;
      if (!entry->IsChild()) continue;
      unsigned i = 0;
      for (; entry->name[i] && i < kMaxFileName; ++i) name[i] = entry->name[i];
      name[i] = '\0';
      return true;
    }
  }
}

// Follows the first child of each cgroup down to one that has none, and removes that.
bool RemoveDeepest(int top) {
  char name[kMaxFileName + 1], below[kMaxFileName + 1];
  if (!FindChild(top, name)) return false;
  int parent = top;
  for (;;) {
    long opened = Raw(__NR_openat, parent, Arg(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int cgroup = static_cast<int>(opened);
    bool deeper = opened >= 0 && FindChild(cgroup, below);
    if (!deeper) {
      if (opened >= 0) Raw(__NR_close, cgroup);
      bool removed = Raw(__NR_unlinkat, parent, Arg(name), AT_REMOVEDIR) >= 0;
      if (parent != top) Raw(__NR_close, parent);
      return removed;
    }
    if (parent != top) Raw(__NR_close, parent);
    parent = cgroup;
    for (unsigned i = 0; i <= kMaxFileName; ++i) name[i] = below[i];
  }
}

}  // namespace

void KillCgroup(int cgroup) {
  long control = Raw(__NR_openat, cgroup, Arg("cgroup.kill"), O_WRONLY | O_CLOEXEC);
  if (control < 0) return;
  Raw(__NR_write, control, Arg("1"), 1);
  Raw(__NR_close, control);
}

void RemoveCgroupsBelow(int cgroup) {
  while (RemoveDeepest(cgroup)) {
  }
}

}  // namespace rooms::sys
