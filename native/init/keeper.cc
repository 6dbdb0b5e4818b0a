#include "init/keeper.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

#include "init/protocol.h"
#include "sys/raw.h"

namespace rooms::init {
namespace {

using sys::Arg;
using sys::Raw;

constexpr int kSubtreeFd = 1;   // the Anchor's cgroup directory
constexpr int kParentFd = 2;    // the directory above it
constexpr long kAbsent = -2;    // ENOENT
constexpr int kAttempts = 100;  // with growing pauses: two minutes, for rooms that hold much memory

struct Dirent {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

void Write(int directory, const char* file, const char* text, unsigned long size) {
  long fd = Raw(__NR_openat, directory, Arg(file), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  Raw(__NR_write, fd, Arg(text), static_cast<long>(size));
  Raw(__NR_close, fd);
}

// EBUSY means that processes are still dying in it.
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
      const Dirent* entry = reinterpret_cast<const Dirent*>(buffer + at);
      at += entry->length;
      if (entry->type != 4 /* DT_DIR */ || entry->name[0] == '.') continue;
      if (!Remove(kSubtreeFd, entry->name)) empty = false;
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
  Write(kSubtreeFd, "cgroup.kill", "1", 1);  // Linux 5.14; before that the rooms' lifelines do it
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
