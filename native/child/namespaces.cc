#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>

#include "child/step.h"
#include "sys/raw.h"

namespace rooms::child {

using sys::Arg;
using sys::Raw;

namespace {

// What a child has from the launcher and a room must not have: scheduling as a batch job, the keys of the embedding
// process's session, and its exemption from the out-of-memory killer.
bool ShedInheritance(Input& input) {
  int priority = 0;
  if (Failed(input, Raw(__NR_sched_setscheduler, 0, 0 /* SCHED_OTHER */, Arg(&priority)), "clone",
             "sched_setscheduler"))
    return false;
  long keyring = Raw(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
  if (keyring != -ENOSYS && Failed(input, keyring, "keyring", "keyctl")) return false;
  if (input.proc < 0) return true;
  long score = Raw(__NR_openat, input.proc, Arg("self/oom_score_adj"), O_WRONLY | O_CLOEXEC);
  return !Failed(input, score, "clone", "openat") &&
         !Failed(input, Raw(__NR_write, score, Arg("0"), 1), "clone", "write");
}

}  // namespace

bool EnterNamespaces(Input& input) {
  if (!ShedInheritance(input)) return false;
  if (Failed(input, Raw(__NR_setns, input.network, CLONE_NEWNET), "net.enter", "setns")) return false;
  // Not by a flag of clone3: the new namespace would be rooted at the launcher's cgroup, because the child moves into
  // its own only after namespaces are copied.
  if (Failed(input, Raw(__NR_unshare, CLONE_NEWCGROUP), "cgroup.namespace", "unshare")) return false;
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
