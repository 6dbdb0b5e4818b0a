#pragma once

#include <stdint.h>
#include <time.h>

#include "sys/raw.h"

namespace rooms::sys {

// CLOCK_MONOTONIC in nanoseconds.
inline int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

// The same by a raw call, for the child: a sanitizer puts itself between us and libc's function.
inline int64_t RawNow() {
  timespec now;
  Raw(__NR_clock_gettime, CLOCK_MONOTONIC, Arg(&now));
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace rooms::sys
