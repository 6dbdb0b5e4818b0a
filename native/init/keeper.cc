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

// True when no leaf is left.
bool RemoveLeaves() {
  alignas(8) char buffer[4096];
  bool empty = true;
  Raw(__NR_lseek, kSubtreeFd, 0, 0);
  for (;;) {
    long size = Raw(__NR_getdents64, kSubtreeFd, Arg(buffer), sizeof buffer);
    if (size <= 0) return empty;
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
  // The first message is the name of the subtree in its parent; the end of the stream is the end of the embedder.
  for (;;) {
    long size = Raw(__NR_recvfrom, kControlFd, Arg(name), sizeof name - 1, 0, 0, 0);
    if (size == -4 /* EINTR */) continue;
    if (size <= 0) break;
    length = size;
  }
  name[length] = '\0';
  sys::KillCgroup(kSubtreeFd);  // where there is none, the rooms' lifelines end what is in it
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (RemoveLeaves()) break;
    long pause_ns = attempt < 50 ? 2'000'000 : (attempt - 49) * 90'000'000L;
    timespec pause{pause_ns / 1'000'000'000, pause_ns % 1'000'000'000};
    Raw(__NR_nanosleep, Arg(&pause), 0);
  }
  if (length > 0) Raw(__NR_unlinkat, kParentFd, Arg(name), AT_REMOVEDIR);
  Raw(__NR_exit_group, 0);
  __builtin_unreachable();
}

}  // namespace rooms::init
