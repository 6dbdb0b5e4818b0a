#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "init/assemble/room.h"
#include "init/assemble/target.h"
#include "init/failure.h"
#include "plan/plan.h"
#include "sys/mount_api.h"

namespace rooms::init {

using plan::MountKind;
using sys::Arg;
using sys::Raw;

namespace {

MountKind KindOf(const Mount& mount) { return static_cast<MountKind>(mount.kind); }

// File systems that belong to a namespace of the process that mounts them.
const char* NamespaceFilesystem(MountKind kind) {
  switch (kind) {
    case MountKind::kProc:
      return "proc";
    case MountKind::kSysfs:
      return "sysfs";
    case MountKind::kMqueue:
      return "mqueue";
    case MountKind::kCgroup:
      return "cgroup2";
    default:
      return nullptr;
  }
}

int NewFilesystem(Failure& failure, const char* type, const Mount& mount, int index) {
  int context = sys::Fsopen(type);
  if (Failed(failure, context, "mount.new", "fsopen", index)) return -1;
  if (Failed(failure, sys::FsconfigCreate(context), "mount.new", "fsconfig", index)) return -1;
  int made = sys::Fsmount(context, mount.attributes);
  return Failed(failure, made, "mount.new", "fsmount", index) ? -1 : made;
}

// The target itself, read-only: a clone of it laid over it.
bool MakeReadOnly(Failure& failure, int target, int index) {
  int clone = sys::CloneMount(target);
  return !Failed(failure, clone, "mount.read-only", "open_tree", index) &&
         !Failed(failure, sys::MountSetattr(clone, MOUNT_ATTR_RDONLY), "mount.read-only", "mount_setattr", index) &&
         !Failed(failure, sys::AttachMount(clone, target), "mount.read-only", "move_mount", index);
}

// An empty directory or file of the room's own tmpfs, which by now is attached and can be cloned on every kernel.
int NewMask(Room& room, const Mount& mount, int index) {
  int clone = sys::OpenTree(room.upper, mount.is_file ? "f" : "d", OPEN_TREE_CLONE);
  unsigned sealed = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (Failed(room.failure, clone, "mount.mask", "open_tree", index) ||
      Failed(room.failure, sys::MountSetattr(clone, sealed), "mount.mask", "mount_setattr", index))
    return -1;
  return clone;
}

}  // namespace

// Descriptors are not closed one by one: close_range does it once, when the room is assembled.
bool AttachMount(Room& room, int root, const Mount& mount, const char* path, int source, int index) {
  Failure& failure = room.failure;
  MountKind kind = KindOf(mount);
  const char* call;
  int target = IsKernels(mount) || !room.furnished ? OpenTarget(room, root, mount, path, call)
                                                   : OpenDeclaredTarget(room, root, mount, path, call);
  bool optional = kind == MountKind::kMask || kind == MountKind::kReadOnly;
  if (optional && (target == -ENOENT || target == -ENOTDIR)) return true;
  if (Failed(failure, target, "mount.target", call, index)) return false;
  if (kind == MountKind::kReadOnly) return MakeReadOnly(failure, target, index);

  if (kind == MountKind::kMask) source = NewMask(room, mount, index);
  if (const char* type = NamespaceFilesystem(kind)) source = NewFilesystem(failure, type, mount, index);
  if (failure.error != 0) return false;
  return !Failed(failure, sys::AttachMount(source, target), "mount.attach", "move_mount", index);
}

// With everything that lies on them.
bool MoveKernelTrees(Room& room, int root) {
  // Of /dev, and of the tmpfs that covers are taken from.
  const int known[] = {sys::Openat2(room.upper, "dev", O_PATH | O_CLOEXEC, 0, 0), room.upper};
  for (int i = 0; i < 2; ++i) {
    struct stat info;
    if (Failed(room.failure, known[i], "mount.attach", "openat2")) return false;
    if (Failed(room.failure, Raw(__NR_fstat, known[i], Arg(&info)), "mount.attach", "fstat")) return false;
    room.kernel_devices[i] = info.st_dev;
  }
  for (const Tree& tree : room.trees) {
    int from = sys::Openat2(room.upper, tree.name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0);
    if (Failed(room.failure, from, "mount.attach", "openat2", tree.mount)) return false;
    Mount mount{static_cast<uint32_t>(tree.kind), 0, 0, kNoSource, 0};
    const char* call;
    int to = OpenTarget(room, root, mount, tree.name, call);
    if (Failed(room.failure, to, "mount.target", call, tree.mount) ||
        Failed(room.failure, sys::AttachMount(from, to), "mount.attach", "move_mount", tree.mount))
      return false;
  }
  return true;
}

}  // namespace rooms::init
