#include "watch/room_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/abi.h"
#include "sys/fd.h"
#include "sys/open_in_root.h"

namespace rooms::watch {

namespace {

constexpr long kMqueueMagic = 0x19800202;

// File systems whose files are doors to the kernel. Everything else in a room is data.
bool IsKernels(long type) {
  constexpr long kTypes[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC,       DEVPTS_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
                             DEBUGFS_MAGIC,    TRACEFS_MAGIC,     SECURITYFS_MAGIC,   BPF_FS_MAGIC,
                             NSFS_MAGIC,       EFIVARFS_MAGIC,    BINFMTFS_MAGIC,     SELINUX_MAGIC,
                             kMqueueMagic,     CGROUP_SUPER_MAGIC};
  for (long kernels : kTypes)
    if (type == kernels) return true;
  return false;
}

}  // namespace

int OpenRoomFile(int root, const char* path, uint64_t flags, uint64_t mode, sys::Fault& fault) {
  // O_TRUNC acts before anybody can look at what was opened.
  uint64_t calm = (flags & ~uint64_t{O_TRUNC}) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int opened = sys::OpenInRoot(root, path, calm, mode, RESOLVE_NO_MAGICLINKS);
  if (opened < 0) return sys::Fail(fault, "file.open", "openat2", opened, path), -1;
  sys::UniqueFd file(opened);
  struct statfs info;
  if (fstatfs(file.get(), &info) < 0) return sys::Fail(fault, "file.open", "fstatfs", errno, path), -1;
  if (IsKernels(info.f_type)) return sys::Fail(fault, "file.open", "fstatfs", EXDEV, path), -1;
  if ((flags & O_TRUNC) && ftruncate(file.get(), 0) < 0)
    return sys::Fail(fault, "file.open", "ftruncate", errno, path), -1;
  return file.take();
}

}  // namespace rooms::watch
