#pragma once

#include <stdint.h>
#include <time.h>

namespace rooms::sys {

// CLOCK_MONOTONIC in nanoseconds. Served by the vDSO: no system call, so it may be used between clone and exec.
inline int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace rooms::sys
