#pragma once

// In the place of native/sys/clone.h: the child is a call that comes back where it would have executed something.

#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/raw.h"

namespace rooms::sys {

long VforkCall(unsigned long flags, void* stack_end, int (*entry)(void*), void* argument);

}  // namespace rooms::sys
