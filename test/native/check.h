#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "sys/fault.h"

// Ends the program with the place and the condition; assert() would not say what a Fault holds.
#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

inline void ExpectNoFault(const rooms::sys::Fault& fault) {
  if (fault.error == 0) return;
  fprintf(stderr, "fault: %s %s errno %d %s %s\n", fault.step.c_str(), fault.syscall.c_str(), fault.error,
          fault.path.c_str(), fault.detail.c_str());
  exit(1);
}
