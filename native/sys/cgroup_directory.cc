#include "sys/cgroup_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "sys/cgroup_tree.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace rooms::sys {

namespace {

// Whoever this cgroup was given to, or a person, may have put processes into it and made cgroups below it.
void Empty(int directory, const char* path) {
  UniqueFd cgroup(openat(directory, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!cgroup) return;
  KillCgroup(cgroup.get());
  RemoveCgroupsBelow(cgroup.get());
}

}  // namespace

int RemoveCgroup(int directory, const char* path, int patience_ms) {
  constexpr timespec kPause{0, 500'000};
  int64_t until = Now() + patience_ms * 1'000'000LL;
  for (bool again = false;; again = true) {
    if (unlinkat(directory, path, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    if (errno != EBUSY || Now() > until) return errno;
    if (again) Empty(directory, path);
    nanosleep(&kPause, nullptr);
  }
}

}  // namespace rooms::sys
