#pragma once

// In the place of native/sys/raw.h: the sources of room-init then make their system calls to
// test/fuzz/native/kernel.cc.

#include <asm/unistd.h>

namespace rooms::sys {

long Raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

template <typename T>
inline long Arg(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

}  // namespace rooms::sys
