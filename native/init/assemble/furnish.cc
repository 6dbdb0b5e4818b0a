#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "init/assemble/room.h"
#include "init/failure.h"
#include "sys/mount_api.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

namespace {

bool RaiseLoopback(Failure& failure) {
  long socket = Raw(__NR_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (Failed(failure, socket, "net.loopback", "socket")) return false;
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  bool raised = !Failed(failure, Raw(__NR_ioctl, socket, SIOCSIFFLAGS, Arg(&request)), "net.loopback", "ioctl");
  Raw(__NR_close, socket);
  return raised;
}

bool Write(Room& room, const char* file, const char* text, unsigned long size, const char* step) {
  long fd = Raw(__NR_openat, room.upper, Arg(file), O_WRONLY | O_CLOEXEC);
  if (Failed(room.failure, fd, step, "openat")) return false;
  bool written = !Failed(room.failure, Raw(__NR_write, fd, Arg(text), static_cast<long>(size)), step, "write");
  Raw(__NR_close, fd);
  return written;
}

// Of this PID namespace alone: whoever says so in the plan has tried that the kernel has one for each.
bool LimitPids(Room& room, uint32_t most) {
  char text[12];
  unsigned at = sizeof text;
  for (; most > 0; most /= 10) text[--at] = static_cast<char>('0' + most % 10);
  return Write(room, "proc/sys/kernel/pid_max", text + at, sizeof text - at, "pids");
}

// What is set by way of /proc, while it can be written.
bool UseProc(Room& room, const Furnishing& furnishing) {
  // No capability of a room counts in its network namespace, so without this nothing could listen on port 80.
  if (!Write(room, "proc/sys/net/ipv4/ip_unprivileged_port_start", "0", 1, "net.ports")) return false;
  if (furnishing.pid_max > 0 && !LimitPids(room, furnishing.pid_max)) return false;
  return !furnishing.lift_oom_score || Write(room, "proc/self/oom_score_adj", "0", 1, "clone");
}

}  // namespace

bool Furnish(Room& room, const Received& received) {
  Payload payload = received.Read();
  const Furnishing* furnishing = payload.Take<Furnishing>();
  const Mount* mounts = furnishing ? payload.Take<Mount>(furnishing->mount_count) : nullptr;
  if (!mounts || room.furnished || furnishing->has_user_namespace > 1 ||
      received.fd_count < 1u + furnishing->has_user_namespace)
    return Broken(room.failure);
  const int* fds = received.fds;
  int fd_count = static_cast<int>(received.fd_count);
  room.upper = *fds++, --fd_count;
  if (furnishing->has_user_namespace) room.user_namespace = *fds++, --fd_count;
  room.owner_uid = furnishing->owner_uid;
  room.owner_gid = furnishing->owner_gid;
  room.kernel_mounts = static_cast<int>(furnishing->mount_count);

  if (!RaiseLoopback(room.failure)) return false;
  if (Failed(room.failure, sys::AttachMountAt(room.upper, AT_FDCWD, "/"), "root.upper", "move_mount")) return false;
  for (int i = 0; i < room.kernel_mounts; ++i) {
    const Mount& mount = mounts[i];
    const char* target = payload.Text(mount.target);
    if (payload.broken() || mount.source >= fd_count) return Broken(room.failure);
    if (!AttachMount(room, room.upper, mount, target, mount.source < 0 ? -1 : fds[mount.source], i)) return false;
    for (Tree& tree : room.trees)
      if (static_cast<uint32_t>(tree.kind) == mount.kind) tree.mount = i;
    if (mount.kind == static_cast<uint32_t>(plan::MountKind::kProc) && !UseProc(room, *furnishing)) return false;
  }
  for (int i = 0; i < fd_count; ++i) Raw(__NR_close, fds[i]);
  return room.furnished = true;
}

}  // namespace rooms::init
