#pragma once

#include <stdlib.h>
#include <time.h>

namespace rooms::sys {

// For the way back from what a thread must not stay in: a stranger's id, the mounts of the host. The call is right, so
// it fails only while the kernel is short of memory; after a second of that there is no way to go on.
template <typename Call>
void Insist(Call call) {
  constexpr timespec kPause{0, 1'000'000};
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (call() >= 0) return;
    nanosleep(&kPause, nullptr);
  }
  abort();
}

}  // namespace rooms::sys
