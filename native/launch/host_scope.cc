#include "launch/host_scope.h"

#include <linux/sched.h>

#include "sys/insist.h"
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
  // A launcher that stays among the host's mounts would build rooms there.
  if (entered_) sys::Insist([this] { return sys::Raw(__NR_setns, workshop_.launcher_mounts.get(), CLONE_NEWNS); });
}

}  // namespace rooms::launch
