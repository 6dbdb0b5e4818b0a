#include "launch/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "launch/filesystem.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

struct Device {
  const char* name;
  unsigned major, minor;
};

// Documentation/admin-guide/devices.txt
constexpr Device kDevices[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                               {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

struct Link {
  const char* name;
  const char* to;
};

constexpr Link kLinks[] = {{"fd", "/proc/self/fd"},
                           {"stdin", "/proc/self/fd/0"},
                           {"stdout", "/proc/self/fd/1"},
                           {"stderr", "/proc/self/fd/2"},
                           {"ptmx", "pts/ptmx"}};

constexpr const char* kMountPoints[] = {"pts", "shm", "mqueue"};

bool Fill(int tree, sys::Fault& fault) {
  for (const Device& device : kDevices) {
    // Not by the mode of mknodat: the umask is not ours to rely on.
    if (mknodat(tree, device.name, S_IFCHR, makedev(device.major, device.minor)) < 0)
      return sys::Fail(fault, "devices", "mknodat", errno, device.name);
    if (fchmodat(tree, device.name, 0666, 0) < 0) return sys::Fail(fault, "devices", "fchmodat", errno, device.name);
  }
  for (const Link& link : kLinks)
    if (symlinkat(link.to, tree, link.name) < 0) return sys::Fail(fault, "devices", "symlinkat", errno, link.name);
  for (const char* name : kMountPoints)
    if (mkdirat(tree, name, 0755) < 0) return sys::Fail(fault, "devices", "mkdirat", errno, name);
  int sealed = sys::MountSetattr(tree, MOUNT_ATTR_RDONLY);
  return sealed < 0 ? sys::Fail(fault, "devices", "mount_setattr", sealed) : true;
}

}  // namespace

sys::UniqueFd MakeDevices(sys::Fault& fault) {
  sys::UniqueFd tree = NewFilesystem("devices", "tmpfs", {{"mode", "0755"}, {"size", "64k"}},
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, fault);
  if (tree && !Fill(tree.get(), fault)) tree.reset();
  return tree;
}

}  // namespace rooms::launch
