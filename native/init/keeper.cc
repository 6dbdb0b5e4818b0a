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

// Removes every leaf; true when none is left. EBUSY means that processes are still dying in it.
bool RemoveLeaves() {
  alignas(8) char buffer[4096];
  bool empty = true;
  Raw(__NR_lseek, kSubtreeFd, 0, 0);
  for (;;) {
    long size = Raw(__NR_getdents64, kSubtreeFd, Arg(buffer), sizeof buffer);
    if (size <= 0) return empty;
    for (long at = 0; at < size;) {
      const Dirent* entry = reinterpret_cast<const Dirent*>(buffer + at);
      at += entry->length;
      if (entry->type != 4 /* DT_DIR */ || entry->name[0] == '.') continue;
      if (Raw(__NR_unlinkat, kSubtreeFd, Arg(entry->name), AT_REMOVEDIR) < 0) empty = false;
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
  Write(kSubtreeFd, "cgroup.kill", "1", 1);  // Linux 5.14; before that the rooms' lifelines do it
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
