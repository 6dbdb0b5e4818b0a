#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <signal.h>

#include "init/assemble/room.h"
#include "init/failure.h"
#include "sys/abi.h"
#include "sys/raw.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

// Late: everything before was done with the host's rights, and no namespace of the room belongs to its user namespace,
// so nobody in the room ever has a capability over its network, mounts or hostname.
bool BecomeRoomRoot(Room& room) {
  Failure& failure = room.failure;
  if (room.user_namespace >= 0 &&
      Failed(failure, Raw(__NR_setns, room.user_namespace, CLONE_NEWUSER), "user.enter", "setns"))
    return false;
  return !Failed(failure, Raw(__NR_setgroups, 0, 0), "user.ids", "setgroups") &&
         !Failed(failure, Raw(__NR_setresgid, 0, 0, 0), "user.ids", "setresgid") &&
         !Failed(failure, Raw(__NR_setresuid, 0, 0, 0), "user.ids", "setresuid");
}

bool DropPrivileges(Room& room, uint64_t capabilities) {
  Failure& failure = room.failure;
  // A belt for a room-init that is frozen when the embedding process ends and cannot read that on its socket. After the
  // ids, because changing them clears it, and sets anew whether this process can be dumped and traced.
  if (Failed(failure, Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0), "privileges", "prctl")) return false;
  if (Failed(failure, Raw(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "privileges", "prctl")) return false;
  if (Failed(failure, Raw(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "privileges", "prctl")) return false;
  long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
              SECBIT_KEEP_CAPS_LOCKED;
  if (Failed(failure, Raw(__NR_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0), "privileges", "prctl")) return false;

  uint64_t keep = capabilities | kInitCapabilities;
  for (int cap = 0; cap < 64; ++cap) {
    if (keep >> cap & 1) continue;
    long dropped = Raw(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
    if (dropped == -EINVAL) break;  // past the last capability of this kernel
    if (Failed(failure, dropped, "privileges", "prctl")) return false;
  }
  uint32_t low = static_cast<uint32_t>(keep), high = static_cast<uint32_t>(keep >> 32);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {{low, low, 0}, {high, high, 0}};
  return !Failed(failure, Raw(__NR_capset, Arg(&header), Arg(sets)), "privileges", "capset");
}

}  // namespace rooms::init
