#include "sys/cgroup_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"

namespace rooms::sys {

int RemoveCgroup(int directory, const char* path, int patience_ms) {
  constexpr timespec kPause{0, 500'000};
  for (int64_t until = Now() + patience_ms * 1'000'000LL;;) {
    if (unlinkat(directory, path, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    if (errno != EBUSY || Now() > until) return errno;
    nanosleep(&kPause, nullptr);
  }
}

}  // namespace rooms::sys
