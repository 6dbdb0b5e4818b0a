#pragma once

#include <string>
#include <vector>

namespace rooms::launch {

// One thing a kernel may or may not do: 0, or the errno it refused with.
struct Probe {
  const char* name;
  int error;
};

// Tries each in a child that goes away again. Nothing of it outlives the call.
std::vector<Probe> ProbeKernel();

// Whether a PID namespace has a kernel.pid_max of its own: 0 or errno.
int ProbePidMax();

}  // namespace rooms::launch
