#include <fcntl.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "init/assemble/room.h"
#include "init/failure.h"
#include "sys/clock.h"
#include "sys/mount_api.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

namespace {

// Descriptors of kCarry and kAssemble. Apart from the room, because it is zero as long as nobody needs it.
int carried[kMaxCarriedFds];

// Size and inodes of the writable layer, which was made before anybody knew them.
bool ResizeUpper(Room& room, Payload& payload, const Assembly& assembly) {
  Failure& failure = room.failure;
  int context = sys::Fspick(room.upper);
  return !Failed(failure, context, "upper.create", "fspick") &&
         !Failed(failure, sys::FsconfigString(context, "size", payload.Text(assembly.upper_bytes)), "upper.create",
                 "fsconfig") &&
         !Failed(failure, sys::FsconfigString(context, "nr_inodes", payload.Text(assembly.upper_inodes)),
                 "upper.create", "fsconfig") &&
         !Failed(failure, sys::FsconfigReconfigure(context), "upper.create", "fsconfig");
}

bool SetHostname(Room& room, const char* name) {
  long length = 0;
  while (name[length]) ++length;
  return !Failed(room.failure, Raw(__NR_sethostname, Arg(name), length), "hostname", "sethostname");
}

// Only what needs privilege is done here: raising a hard limit. The exact values are set for each process that is
// started, so that a small RLIMIT_NOFILE does not cripple room-init itself.
bool RaiseLimits(Room& room, const Limit* limits, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    struct {
      uint64_t soft, hard;
    } now{};
    if (Failed(room.failure, Raw(__NR_prlimit64, 0, limits[i].resource, 0, Arg(&now)), "rlimit", "prlimit64"))
      return false;
    if (limits[i].hard <= now.hard) continue;
    now.hard = limits[i].hard;
    if (Failed(room.failure, Raw(__NR_prlimit64, 0, limits[i].resource, Arg(&now), 0), "rlimit", "prlimit64"))
      return false;
  }
  return true;
}

// All but what Supervise() listens to.
bool CloseEverything(Room& room) {
  return !Failed(room.failure, Raw(__NR_close_range, kSignalsFd + 1, ~0u, 0), "exec.init", "close_range");
}

bool InstallFilter(Room& room, const sock_filter* filter, uint32_t length) {
  if (length == 0) return true;
  sock_fprog program{static_cast<unsigned short>(length), const_cast<sock_filter*>(filter)};
  return !Failed(room.failure, Raw(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, Arg(&program)), "seccomp", "seccomp");
}

}  // namespace

bool Carry(Room& room, const Received& received) {
  if (room.assembled || room.carried_count + received.fd_count > kMaxCarriedFds) return Broken(room.failure);
  for (unsigned i = 0; i < received.fd_count; ++i) carried[room.carried_count++] = received.fds[i];
  return true;
}

bool Assemble(Room& room, const Received& received) {
  room.marks[kTold] = sys::RawNow();
  Payload payload = received.Read();
  const Assembly* assembly = payload.Take<Assembly>();
  if (!assembly || !room.furnished || room.assembled || !Carry(room, received)) return Broken(room.failure);
  const Limit* limits = payload.Take<Limit>(assembly->limit_count);
  const sock_filter* filter = payload.Take<sock_filter>(assembly->filter_length);
  const Mount* mounts = payload.Take<Mount>(assembly->mount_count);
  const char* hostname = payload.Text(assembly->hostname);
  unsigned layers = assembly->has_layer ? 2 : 1;
  if (payload.broken() || room.carried_count < layers || assembly->filter_length > BPF_MAXINSNS)
    return Broken(room.failure);  // a longer filter would be cut: the kernel counts instructions in 16 bits

  if (assembly->resize_upper && !ResizeUpper(room, payload, *assembly)) return false;
  if (!SetHostname(room, hostname) || !RaiseLimits(room, limits, assembly->limit_count)) return false;
  int root = -1;
  if (!MakeRoot(room, carried[0], layers == 2 ? carried[1] : -1, &root)) return false;
  room.marks[kRootReady] = sys::RawNow();
  if (!MoveKernelTrees(room, root)) return false;
  for (uint32_t i = 0; i < assembly->mount_count; ++i) {
    const Mount& mount = mounts[i];
    const char* target = payload.Text(mount.target);
    // The first descriptors are layers of the root.
    int64_t place = int64_t{mount.source} + layers;
    // Of the kernel's own file systems a spec has only this one: nobody opened it before.
    bool made_here = mount.kind == static_cast<uint32_t>(plan::MountKind::kProc) && mount.source == kNoSource;
    if (payload.broken() || (place < int64_t{layers} && !made_here) || place >= int64_t{room.carried_count})
      return Broken(room.failure);
    int source = made_here ? -1 : carried[place];
    if (!AttachMount(room, root, mount, target, source, room.kernel_mounts + static_cast<int>(i))) return false;
  }
  if (!EnterRoot(room, root, assembly->read_only_root)) return false;
  room.marks[kMountsReady] = sys::RawNow();
  if (!BecomeRoomRoot(room) || !DropPrivileges(room, assembly->capabilities)) return false;
  room.marks[kIdentityReady] = sys::RawNow();
  if (!CloseEverything(room) || !InstallFilter(room, filter, assembly->filter_length)) return false;
  room.marks[kSealed] = sys::RawNow();
  room.waits = assembly->waits;
  room.forks_ahead = assembly->forks_ahead;
  return room.assembled = true;
}

}  // namespace rooms::init
