#include "launch/layers.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/filesystem.h"
#include "sys/mount_api.h"

namespace rooms::launch {

sys::UniqueFd MakeUpper(const plan::Blank& blank, sys::Fault& fault) {
  uint32_t owner = blank.identity.mapped ? blank.identity.base : 0;
  sys::UniqueFd mount = NewFilesystem("upper.create", "tmpfs",
                                      {{"size", std::to_string(blank.upper_bytes)},
                                       {"nr_inodes", std::to_string(blank.upper_inodes + kUpperInodes)},
                                       {"mode", "0700"}},
                                      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, fault);
  if (!mount) return {};
  for (const char* name : {"l", "u", "w", "d", "dev", "proc", "sys"}) {
    if (mkdirat(mount.get(), name, 0755) < 0) {
      sys::Fail(fault, "upper.create", "mkdirat", errno, name);
      return {};
    }
  }
  // What masks show; each room its own, so that locks on them reach no other room.
  if (fchmodat(mount.get(), "d", 0555, 0) < 0) {
    sys::Fail(fault, "upper.create", "fchmodat", errno, "d");
    return {};
  }
  if (mknodat(mount.get(), "f", S_IFREG | 0444, 0) < 0) {
    sys::Fail(fault, "upper.create", "mknodat", errno, "f");
    return {};
  }
  // The upper directory lends its owner and mode to the room's root; the umask is the embedding process's.
  if (fchmodat(mount.get(), "u", 0755, 0) < 0) {
    sys::Fail(fault, "upper.create", "fchmodat", errno, "u");
    return {};
  }
  if (fchownat(mount.get(), "u", owner, owner, 0) < 0) {
    sys::Fail(fault, "upper.create", "fchownat", errno, "u");
    return {};
  }
  return mount;
}

sys::UniqueFd MakeLower(Workshop& workshop, const Stack& stack, const plan::Root& root, int user_namespace,
                        sys::Fault& fault) {
  std::shared_ptr<const Plank> plank = workshop.planks.Get(workshop, stack, root.lower, fault);
  if (!plank) return {};
  int clone = sys::CloneMount(plank->mount.get());
  if (clone < 0) {
    sys::Fail(fault, "lower.clone", "open_tree", clone, root.lower.path ? root.lower.path : root.lower.key);
    return {};
  }
  sys::UniqueFd mount(clone);
  int shifted = root.idmap ? sys::MountSetattr(mount.get(), 0, false, user_namespace) : 0;
  if (shifted < 0) {
    sys::Fail(fault, "lower.idmap", "mount_setattr", shifted, root.lower.path ? root.lower.path : root.lower.key);
    return {};
  }
  return mount;
}

}  // namespace rooms::launch
