#include "init/keeper.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

#include "init/protocol.h"
#include "sys/cgroup_tree.h"
#include "sys/raw.h"

namespace rooms::init {
namespace {

using sys::Arg;
using sys::Raw;

constexpr int kSubtreeFd = 1;   // the Anchor's cgroup directory
constexpr int kParentFd = 2;    // the directory above it
constexpr long kAbsent = -2;    // ENOENT
constexpr int kAttempts = 100;  // with growing pauses: two minutes, for rooms that hold much memory

// A leaf, with the cgroups that somebody made below it. EBUSY means that processes are still dying in it.
bool RemoveLeaf(const char* name) {
  if (Raw(__NR_unlinkat, kSubtreeFd, Arg(name), AT_REMOVEDIR) >= 0) return true;
  long leaf = Raw(__NR_openat, kSubtreeFd, Arg(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (leaf < 0) return false;
  sys::RemoveCgroupsBelow(static_cast<int>(leaf));
  Raw(__NR_close, leaf);
  return Raw(__NR_unlinkat, kSubtreeFd, Arg(name), AT_REMOVEDIR) >= 0;
}

bool Remove(int directory, const char* name) {
  long removed = Raw(__NR_unlinkat, directory, Arg(name), AT_REMOVEDIR);
  return removed == 0 || removed == kAbsent;
}

// Removes every leaf; true when none is left.
bool RemoveLeaves() {
  alignas(8) char buffer[4096];
  bool empty = true;
  Raw(__NR_lseek, kSubtreeFd, 0, 0);
  for (;;) {
    long size = Raw(__NR_getdents64, kSubtreeFd, Arg(buffer), sizeof buffer);
    if (size == kAbsent) return true;  // the subtree itself
    if (size <= 0) return empty && size == 0;
    for (long at = 0; at < size;) {
      const sys::DirectoryEntry* entry = reinterpret_cast<const sys::DirectoryEntry*>(buffer + at);
      at += entry->length;
      if (entry->IsChild() && !RemoveLeaf(entry->name)) empty = false;
    }
  }
}

}  // namespace

void Keep() {
  Raw(__NR_prctl, PR_SET_NAME, Arg("room-keeper"));
  char name[kMaxSubtreeName];
  long length = 0;
  // The first message is the name of the subtree in its parent; the end of the stream is the end of the embedder. An
  // error is not: all rooms would end with it.
  for (int errors = 0; errors < kAttempts;) {
    long size = Raw(__NR_recvfrom, kControlFd, Arg(name), sizeof name - 1, 0, 0, 0);
    if (size == 0) break;
    if (size > 0) length = size;
    errors = size > 0 ? 0 : errors + 1;
    timespec pause{0, 10'000'000};
    if (size < 0) Raw(__NR_nanosleep, Arg(&pause), 0);
  }
  name[length] = '\0';
  sys::KillCgroup(kSubtreeFd);  // where there is none, the rooms' lifelines end what is in it
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (RemoveLeaves() && (length == 0 || Remove(kParentFd, name))) break;
    long pause_ns = attempt < 50 ? 2'000'000 : (attempt - 49) * 90'000'000L;
    timespec pause{pause_ns / 1'000'000'000, pause_ns % 1'000'000'000};
    Raw(__NR_nanosleep, Arg(&pause), 0);
  }
  Raw(__NR_exit_group, 0);
  __builtin_unreachable();
}

}  // namespace rooms::init
