#pragma once

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

// A read-only tree for /dev with the nodes every program expects. Each room has one of its own: rooms that shared the
// nodes could tell each other things by locks on them.
sys::UniqueFd MakeDevices(sys::Fault& fault);

}  // namespace rooms::launch
