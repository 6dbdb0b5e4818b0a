#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "sys/fault.h"

#ifdef __SANITIZE_THREAD__
#include <sanitizer/common_interface_defs.h>
#endif

// Ends the program with the place and the condition; assert() would not say what a Fault holds.
#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

// For tests with launchers: these cannot read files of the host, and ThreadSanitizer looks for names only when it has
// something to report, maybe there.
inline void ReadSymbols() {
#ifdef __SANITIZE_THREAD__
  char name[256];
  __sanitizer_symbolize_pc(__builtin_return_address(0), "%f", name, sizeof name);
#endif
}

inline void ExpectNoFault(const rooms::sys::Fault& fault) {
  if (fault.error == 0) return;
  fprintf(stderr, "fault: %s %s errno %d %s %s\n", fault.step.c_str(), fault.syscall.c_str(), fault.error,
          fault.path.c_str(), fault.detail.c_str());
  exit(1);
}
