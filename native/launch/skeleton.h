#pragma once

#include "plan/plan.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

// A read-only tree in memory, made from the entries of a plan.
sys::UniqueFd MakeSkeleton(const plan::Span<plan::SkeletonEntry>& entries, sys::Fault& fault);

}  // namespace rooms::launch
