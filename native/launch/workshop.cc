#include "launch/workshop.h"

#include "sys/mount_api.h"
#include "sys/open_in_root.h"

namespace rooms::launch {

bool KeepTemplate(const Workshop& workshop, int mount, sys::Fault& fault) {
  if (workshop.clones_detached) return true;
  int result = sys::AttachMountAt(mount, AT_FDCWD, kTemplatePlace);
  return result < 0 ? sys::Fail(fault, "template.attach", "move_mount", result) : true;
}

int OpenHost(const Workshop& workshop, const char* path, uint64_t flags, uint64_t resolve) {
  return sys::OpenInRoot(workshop.host_root.get(), path, flags | O_CLOEXEC, 0, resolve);
}

}  // namespace rooms::launch
