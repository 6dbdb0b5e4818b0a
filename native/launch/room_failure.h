#pragma once

#include "init/protocol.h"
#include "plan/plan.h"
#include "sys/fault.h"

namespace rooms::launch {

// What room-init says went wrong, with the path of the mount it is about. Returns false, as sys::Fail does.
bool DescribeFailure(const init::Failure& failure, const plan::Span<plan::Mount>& kernel_mounts,
                     const plan::Span<plan::Mount>& mounts, sys::Fault& fault);

}  // namespace rooms::launch
