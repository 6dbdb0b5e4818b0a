#pragma once

#include "init/protocol.h"

namespace rooms::init {

struct RunResult {
  RunStep step;
  int error;  // 0: it runs
  long pid;
};

// Starts the process that the body describes. `fds` are those of RunFd and stay the caller's. `led`: the terminal
// already controls room-init's own session, and the process joins that.
RunResult Run(const Request& request, const int* fds, bool led);

// Takes from the bounding set what no process of the room was granted, as far as that is known: all but what
// room-init itself holds.
void DropBoundingSet();

}  // namespace rooms::init
