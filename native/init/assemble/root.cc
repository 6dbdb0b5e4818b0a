#include <fcntl.h>

#include "init/assemble/room.h"
#include "init/failure.h"
#include "sys/mount_api.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

// The launcher's root is an empty read-only tmpfs. The writable layer was stacked on it by Furnish(); the plank is
// attached inside that, and the overlay of both stacked on top. Layers are named by paths relative to the writable
// layer, the one form that every kernel since 5.2 takes, and no path of the host appears in the room's mountinfo.
bool MakeRoot(Room& room, int lower, int layer, int* root) {
  Failure& failure = room.failure;
  if (Failed(failure, sys::AttachMountAt(lower, room.upper, "l"), "root.upper", "move_mount")) return false;
  if (layer >= 0 && (Failed(failure, Raw(__NR_mkdirat, room.upper, Arg("m"), 0755), "root.layer", "mkdirat") ||
                     Failed(failure, sys::AttachMountAt(layer, room.upper, "m"), "root.layer", "move_mount")))
    return false;
  if (Failed(failure, Raw(__NR_fchdir, room.upper), "root.upper", "fchdir")) return false;

  int context = sys::Fsopen("overlay");
  if (Failed(failure, context, "root.overlay", "fsopen")) return false;
  if (Failed(failure, sys::FsconfigString(context, "lowerdir", layer < 0 ? "l" : "m:l"), "root.overlay", "fsconfig") ||
      Failed(failure, sys::FsconfigString(context, "upperdir", "u"), "root.overlay", "fsconfig") ||
      Failed(failure, sys::FsconfigString(context, "workdir", "w"), "root.overlay", "fsconfig") ||
      Failed(failure, sys::FsconfigCreate(context), "root.overlay", "fsconfig"))
    return false;
  int overlay = sys::Fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (Failed(failure, overlay, "root.overlay", "fsmount")) return false;
  if (Failed(failure, sys::AttachMountAt(overlay, AT_FDCWD, "/"), "root.attach", "move_mount")) return false;
  *root = overlay;
  return true;
}

// chroot onto the stacked root isolates as pivot_root does (what lies below is the launcher's empty tmpfs) without
// walking every task of the machine and without an unmount; docs/decisions/004.
bool EnterRoot(Room& room, int root, bool read_only) {
  Failure& failure = room.failure;
  if (read_only && Failed(failure, sys::MountSetattr(root, MOUNT_ATTR_RDONLY), "root.seal", "mount_setattr"))
    return false;
  return !Failed(failure, Raw(__NR_fchdir, root), "root.enter", "fchdir") &&
         !Failed(failure, Raw(__NR_chroot, Arg(".")), "root.enter", "chroot") &&
         !Failed(failure, Raw(__NR_chdir, Arg("/")), "root.enter", "chdir");
}

}  // namespace rooms::init
