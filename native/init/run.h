#pragma once

#include "init/request.h"

namespace rooms::init {

// Starts the process that a kRun request describes; its pid, or 0 with a failure. `led`: the terminal already controls
// room-init's own session, and the process joins that.
long Run(const Received& received, bool led, Failure& failure);

}  // namespace rooms::init
