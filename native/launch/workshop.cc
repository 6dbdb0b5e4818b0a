#include "launch/workshop.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/mount_api.h"
#include "sys/open_in_root.h"

namespace rooms::launch {

namespace {

// No two templates have the same descriptor at the same time.
std::string PlaceOf(int mount) { return std::string(kTemplatePlace) + "/" + std::to_string(mount); }

}  // namespace

bool KeepTemplate(const Workshop& workshop, int mount, sys::Fault& fault) {
  if (workshop.clones_detached) return true;
  std::string place = PlaceOf(mount);
  if (mkdir(place.c_str(), 0700) < 0 && errno != EEXIST)
    return sys::Fail(fault, "template.attach", "mkdir", errno, place);
  int result = sys::AttachMountAt(mount, AT_FDCWD, place.c_str());
  return result < 0 ? sys::Fail(fault, "template.attach", "move_mount", result, place) : true;
}

void DropTemplate(int mount) {
  std::string place = PlaceOf(mount);
  constexpr long kDetach = 2;  // MNT_DETACH, which only libc's headers name
  if (sys::Raw(__NR_umount2, sys::Arg(place.c_str()), kDetach) == 0) rmdir(place.c_str());
}

int OpenHost(const Workshop& workshop, const char* path, uint64_t flags, uint64_t resolve) {
  return sys::OpenInRoot(workshop.host_root.get(), path, flags | O_CLOEXEC, 0, resolve);
}

}  // namespace rooms::launch
