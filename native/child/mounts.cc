#include <errno.h>
#include <fcntl.h>

#include "child/step.h"
#include "child/target.h"
#include "sys/mount_api.h"

namespace rooms::child {

namespace {

// File systems that belong to a namespace of the process that mounts them.
const char* NamespaceFilesystem(plan::MountKind kind) {
  switch (kind) {
    case plan::MountKind::kProc:
      return "proc";
    case plan::MountKind::kSysfs:
      return "sysfs";
    case plan::MountKind::kMqueue:
      return "mqueue";
    default:
      return nullptr;
  }
}

int NewFilesystem(Input& input, const char* type, const Mount& mount, int index) {
  int context = sys::Fsopen(type);
  if (Failed(input, context, "mount.new", "fsopen", index)) return -1;
  if (Failed(input, sys::FsconfigCreate(context), "mount.new", "fsconfig", index)) return -1;
  int made = sys::Fsmount(context, mount.attributes);
  return Failed(input, made, "mount.new", "fsmount", index) ? -1 : made;
}

// The target itself, read-only: a clone of it laid over it.
bool MakeReadOnly(Input& input, int target, int index) {
  int clone = sys::CloneMount(target);
  return !Failed(input, clone, "mount.read-only", "open_tree", index) &&
         !Failed(input, sys::MountSetattr(clone, MOUNT_ATTR_RDONLY), "mount.read-only", "mount_setattr", index) &&
         !Failed(input, sys::AttachMount(clone, target), "mount.read-only", "move_mount", index);
}

// An empty directory or file of the room's own tmpfs, which by now is attached and can be cloned on every kernel.
int NewMask(Input& input, const Mount& mount, int index) {
  int clone = sys::OpenTree(input.upper, mount.is_file ? "f" : "d", OPEN_TREE_CLONE);
  unsigned sealed = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (Failed(input, clone, "mount.mask", "open_tree", index) ||
      Failed(input, sys::MountSetattr(clone, sealed), "mount.mask", "mount_setattr", index))
    return -1;
  return clone;
}

// Descriptors are not closed one by one: close_range does it once, before execve.
bool AttachOne(Input& input, int root, const Mount& mount, int index) {
  int target = OpenTarget(input, root, mount);
  bool optional = mount.kind == plan::MountKind::kMask || mount.kind == plan::MountKind::kReadOnly;
  if (optional && (target == -ENOENT || target == -ENOTDIR)) return true;
  if (Failed(input, target, "mount.target", "openat2", index)) return false;
  if (mount.kind == plan::MountKind::kReadOnly) return MakeReadOnly(input, target, index);

  int source = mount.source;
  if (mount.kind == plan::MountKind::kMask) source = NewMask(input, mount, index);
  if (const char* type = NamespaceFilesystem(mount.kind)) source = NewFilesystem(input, type, mount, index);
  if (source < 0) return false;
  if (Failed(input, sys::AttachMount(source, target), "mount.attach", "move_mount", index)) return false;
  return true;
}

}  // namespace

bool AttachMounts(Input& input, int root) {
  for (size_t i = 0; i < input.mounts.size; ++i)
    if (!AttachOne(input, root, input.mounts[i], static_cast<int>(i))) return false;
  return true;
}

}  // namespace rooms::child
