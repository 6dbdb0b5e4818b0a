#pragma once

// Raw system calls: no errno (it is the parent's TLS between clone and exec), no libc, usable in every process we have.
// A negative return value is -errno.

#include <asm/unistd.h>

namespace rooms::sys {

inline long Raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

template <typename T>
inline long Arg(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

}  // namespace rooms::sys
