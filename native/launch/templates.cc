#include "launch/templates.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "launch/filesystem.h"
#include "sys/abi.h"
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

bool Seal(const Workshop& workshop, int mount, sys::Fault& fault) {
  int result = sys::MountSetattr(mount, MOUNT_ATTR_RDONLY);
  if (result < 0) return sys::Fail(fault, "templates", "mount_setattr", result);
  return KeepTemplate(workshop, mount, fault);
}

bool MakeDevices(Workshop& workshop, sys::Fault& fault) {
  sys::UniqueFd tree = NewFilesystem("templates", "tmpfs", {{"mode", "0755"}, {"size", "64k"}},
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, fault);
  if (!tree) return false;
  for (const Device& device : kDevices) {
    if (mknodat(tree.get(), device.name, S_IFCHR, makedev(device.major, device.minor)) < 0 ||
        fchmodat(tree.get(), device.name, 0666, 0) < 0)
      return sys::Fail(fault, "templates", "mknodat", errno, device.name);
  }
  for (const Link& link : kLinks)
    if (symlinkat(link.to, tree.get(), link.name) < 0)
      return sys::Fail(fault, "templates", "symlinkat", errno, link.name);
  for (const char* name : kMountPoints)
    if (mkdirat(tree.get(), name, 0755) < 0) return sys::Fail(fault, "templates", "mkdirat", errno, name);
  workshop.devices = std::move(tree);
  return Seal(workshop, workshop.devices.get(), fault);
}

bool MakeEmpty(Workshop& workshop, sys::Fault& fault) {
  sys::UniqueFd tree = NewFilesystem("templates", "tmpfs", {{"mode", "0555"}, {"size", "4k"}, {"nr_inodes", "4"}},
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, fault);
  if (!tree) return false;
  if (mkdirat(tree.get(), "directory", 0555) < 0) return sys::Fail(fault, "templates", "mkdirat", errno);
  if (mknodat(tree.get(), "file", S_IFREG | 0444, 0) < 0) return sys::Fail(fault, "templates", "mknodat", errno);
  workshop.empty = std::move(tree);
  return Seal(workshop, workshop.empty.get(), fault);
}

// A copy that no room and no other process can write: /proc/1/exe of a room leads here and not to a host file.
bool SealInit(Workshop& workshop, const char* path, sys::Fault& fault) {
  int opened = OpenHost(workshop, path, O_RDONLY);
  if (opened < 0) return sys::Fail(fault, "init.open", "openat2", opened, path);
  sys::UniqueFd file(opened);
  struct stat info;
  if (fstat(file.get(), &info) < 0) return sys::Fail(fault, "init.open", "fstat", errno, path);

  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int created = memfd_create("room-init", flags | MFD_EXEC);
  if (created < 0 && errno == EINVAL) created = memfd_create("room-init", flags);  // before Linux 6.3
  if (created < 0) return sys::Fail(fault, "init.seal", "memfd_create", errno, path);
  sys::UniqueFd copy(created);
  for (off_t at = 0; at < info.st_size;) {
    if (sendfile(copy.get(), file.get(), &at, static_cast<size_t>(info.st_size - at)) <= 0)
      return sys::Fail(fault, "init.seal", "sendfile", errno, path);
  }
  if (fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
    return sys::Fail(fault, "init.seal", "fcntl", errno, path);
  // execve refuses (ETXTBSY) what is open for writing, so hand out a second, read-only opening.
  char link[48];
  snprintf(link, sizeof link, "thread-self/fd/%d", copy.get());
  workshop.init.reset(openat(workshop.proc.get(), link, O_RDONLY | O_CLOEXEC));
  if (!workshop.init) return sys::Fail(fault, "init.seal", "openat", errno, link);
  return true;
}

}  // namespace

bool MakeTemplates(Workshop& workshop, const char* init_path, sys::Fault& fault) {
  return MakeDevices(workshop, fault) && MakeEmpty(workshop, fault) && SealInit(workshop, init_path, fault);
}

}  // namespace rooms::launch
