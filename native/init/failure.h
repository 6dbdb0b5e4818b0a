#pragma once

#include <errno.h>

#include "init/protocol.h"

namespace rooms::init {

template <unsigned long size>
void Copy(char (&to)[size], const char* from) {
  unsigned long i = 0;
  for (; from[i] && i < size - 1; ++i) to[i] = from[i];
  to[i] = '\0';
}

// Records a failure; true when `result` is one.
inline bool Failed(Failure& failure, long result, const char* step, const char* syscall, int mount = -1) {
  if (result >= 0) return false;
  Copy(failure.step, step);
  Copy(failure.syscall, syscall);
  failure.error = static_cast<int32_t>(-result);
  failure.mount = mount;
  return true;
}

// A request that is not as the protocol says. Returns false, for whoever ends with it.
inline bool Broken(Failure& failure) { return !Failed(failure, -EINVAL, "room.request", "recvmsg"); }

}  // namespace rooms::init
