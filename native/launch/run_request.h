#pragma once

#include <stdint.h>

#include "launch/streams.h"
#include "plan/plan.h"

namespace rooms::launch {

// Asks room-init to start a process. Never blocks for long: the record has a fixed size, the rest lies in a memfd.
bool SendRun(int control, uint32_t process, const plan::Process& plan, const plan::Span<plan::Rlimit>& limits,
             const Streams& streams, sys::Fault& fault);

bool SendSignal(int control, uint32_t process, int signal, sys::Fault& fault);

}  // namespace rooms::launch
