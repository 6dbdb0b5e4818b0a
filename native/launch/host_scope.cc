#include "launch/host_scope.h"

#include <linux/sched.h>
#include <stdlib.h>

#include "sys/raw.h"

namespace rooms::launch {

HostScope::HostScope(const Workshop& workshop, sys::Fault& fault) : workshop_(workshop) {
  long result = sys::Raw(__NR_setns, workshop.host_mounts.get(), CLONE_NEWNS);
  if (result < 0)
    sys::Fail(fault, "host.enter", "setns", result);
  else
    entered_ = true;
}

HostScope::~HostScope() {
  // A launcher that stays among the host's mounts would build rooms there. There is no way to go on.
  if (entered_ && sys::Raw(__NR_setns, workshop_.launcher_mounts.get(), CLONE_NEWNS) < 0) abort();
}

}  // namespace rooms::launch
