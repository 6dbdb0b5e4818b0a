#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <signal.h>

#include "child/step.h"
#include "init/protocol.h"
#include "sys/abi.h"
#include "sys/raw.h"

namespace rooms::child {

using sys::Arg;
using sys::Raw;

// Late: everything before was done with the host's rights, and no namespace of the room belongs to its user namespace,
// so nobody in the room ever has a capability over its network, mounts or hostname.
bool BecomeRoomRoot(Input& input) {
  if (input.user_namespace >= 0 &&
      Failed(input, Raw(__NR_setns, input.user_namespace, CLONE_NEWUSER), "user.enter", "setns"))
    return false;
  return !Failed(input, Raw(__NR_setgroups, 0, 0), "user.ids", "setgroups") &&
         !Failed(input, Raw(__NR_setresgid, 0, 0, 0), "user.ids", "setresgid") &&
         !Failed(input, Raw(__NR_setresuid, 0, 0, 0), "user.ids", "setresuid");
}

bool DropPrivileges(Input& input) {
  // A belt for the moments until room-init watches its socket. After the ids, because changing them clears it.
  if (Failed(input, Raw(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "privileges", "prctl")) return false;
  if (Failed(input, Raw(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "privileges", "prctl")) return false;
  long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
              SECBIT_KEEP_CAPS_LOCKED;
  if (Failed(input, Raw(__NR_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0), "privileges", "prctl")) return false;

  uint64_t keep = input.capabilities | init::kInitCapabilities;
  uint32_t low = static_cast<uint32_t>(keep), high = static_cast<uint32_t>(keep >> 32);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {{low, low, low}, {high, high, high}};
  if (Failed(input, Raw(__NR_capset, Arg(&header), Arg(sets)), "privileges", "capset")) return false;
  // Root means nothing under SECBIT_NOROOT: only ambient capabilities pass through execve.
  for (int cap = 0; cap < 64; ++cap) {
    if (!(keep >> cap & 1)) continue;
    if (Failed(input, Raw(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), "privileges", "prctl"))
      return false;
  }
  return true;
}

}  // namespace rooms::child
