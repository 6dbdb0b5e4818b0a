#include <linux/sched.h>
#include <sys/resource.h>

#include "child/step.h"
#include "sys/raw.h"

namespace rooms::child {

using sys::Arg;
using sys::Raw;

namespace {

// The launcher thread runs as a batch job so as not to preempt Node; a room must not inherit that.
bool ResetScheduling(Input& input) {
  int priority = 0;
  return !Failed(input, Raw(__NR_sched_setscheduler, 0, 0 /* SCHED_OTHER */, Arg(&priority)), "clone",
                 "sched_setscheduler") &&
         !Failed(input, Raw(__NR_setpriority, PRIO_PROCESS, 0, 0), "clone", "setpriority");
}

}  // namespace

bool EnterNamespaces(Input& input) {
  if (!ResetScheduling(input)) return false;
  if (Failed(input, Raw(__NR_setns, input.network, CLONE_NEWNET), "net.enter", "setns")) return false;
  // Not by a flag of clone3: the new namespace would be rooted at the launcher's cgroup, because the child moves into
  // its own only after namespaces are copied.
  if (input.cgroup_namespace && Failed(input, Raw(__NR_unshare, CLONE_NEWCGROUP), "cgroup.namespace", "unshare"))
    return false;
  if (Failed(input, Raw(__NR_sethostname, Arg(input.hostname), static_cast<long>(input.hostname_length)), "hostname",
             "sethostname"))
    return false;
  for (const plan::Rlimit& limit : input.rlimits) {
    // Only what needs privilege is done here: raising a hard limit. room-init sets the exact values for each process
    // it starts, so that a small RLIMIT_NOFILE does not cripple room-init itself.
    struct {
      uint64_t soft, hard;
    } now{};
    if (Failed(input, Raw(__NR_prlimit64, 0, limit.resource, 0, Arg(&now)), "rlimit", "prlimit64")) return false;
    if (limit.hard <= now.hard) continue;
    now.hard = limit.hard;
    if (Failed(input, Raw(__NR_prlimit64, 0, limit.resource, Arg(&now), 0), "rlimit", "prlimit64")) return false;
  }
  return true;
}

}  // namespace rooms::child
