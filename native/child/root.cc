#include <fcntl.h>

#include "child/step.h"
#include "sys/mount_api.h"

namespace rooms::child {

using sys::Arg;
using sys::Raw;

// The launcher's root is an empty read-only tmpfs. The writable layer is stacked on it, the plank attached inside that,
// and the overlay of both stacked on top. Layers are named by paths relative to the writable layer, the one form that
// every kernel since 5.2 takes, and no path of the host appears in the room's mountinfo.
bool MakeRoot(Input& input, int* root) {
  if (Failed(input, sys::AttachMountAt(input.upper, AT_FDCWD, "/"), "root.upper", "move_mount")) return false;
  if (Failed(input, sys::AttachMountAt(input.lower, input.upper, "l"), "root.upper", "move_mount")) return false;
  if (Failed(input, Raw(__NR_fchdir, input.upper), "root.upper", "fchdir")) return false;

  int context = sys::Fsopen("overlay");
  if (Failed(input, context, "root.overlay", "fsopen")) return false;
  if (Failed(input, sys::FsconfigString(context, "lowerdir", "l"), "root.overlay", "fsconfig") ||
      Failed(input, sys::FsconfigString(context, "upperdir", "u"), "root.overlay", "fsconfig") ||
      Failed(input, sys::FsconfigString(context, "workdir", "w"), "root.overlay", "fsconfig") ||
      Failed(input, sys::FsconfigCreate(context), "root.overlay", "fsconfig"))
    return false;
  int overlay = sys::Fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (Failed(input, overlay, "root.overlay", "fsmount")) return false;
  if (Failed(input, sys::AttachMountAt(overlay, AT_FDCWD, "/"), "root.attach", "move_mount")) return false;
  *root = overlay;
  return true;
}

// chroot onto the stacked root isolates as pivot_root does (what lies below is the launcher's empty tmpfs) without
// walking every task of the machine and without an unmount; docs/decisions/004.
bool EnterRoot(Input& input, int root) {
  if (input.read_only_root && Failed(input, sys::MountSetattr(root, MOUNT_ATTR_RDONLY), "root.seal", "mount_setattr"))
    return false;
  return !Failed(input, Raw(__NR_fchdir, root), "root.enter", "fchdir") &&
         !Failed(input, Raw(__NR_chroot, Arg(".")), "root.enter", "chroot") &&
         !Failed(input, Raw(__NR_chdir, Arg("/")), "root.enter", "chdir");
}

}  // namespace rooms::child
