#include "init/assemble/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "plan/plan.h"
#include "sys/abi.h"
#include "sys/open_in_root.h"
#include "sys/raw.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

namespace {

constexpr unsigned kMaxPath = 4096;

int OpenBelow(int root, const char* path, bool links) {
  uint64_t resolve = RESOLVE_NO_MAGICLINKS | (links ? 0 : RESOLVE_NO_SYMLINKS);
  return sys::OpenInRoot(root, path, O_PATH | O_CLOEXEC, 0, resolve);
}

long Make(const Room& room, int directory, const char* name, bool file, const char*& call) {
  call = file ? "mknodat" : "mkdirat";
  long made =
      file ? Raw(__NR_mknodat, directory, Arg(name), S_IFREG | 0644, 0) : Raw(__NR_mkdirat, directory, Arg(name), 0755);
  if (made < 0) return made;
  call = "fchownat";
  return Raw(__NR_fchownat, directory, Arg(name), room.owner_uid, room.owner_gid, AT_SYMLINK_NOFOLLOW);
}

// A link in the plank may lead a declared mount to one of the kernel's trees, or to what covers a part of them: -EXDEV.
long RefuseKernelTree(const Room& room, int target, const char*& call) {
  struct statfs system;
  struct stat info;
  call = "fstatfs";
  if (long failed = Raw(__NR_fstatfs, target, Arg(&system)); failed < 0) return failed;
  call = "fstat";
  if (long failed = Raw(__NR_fstat, target, Arg(&info)); failed < 0) return failed;
  call = "openat2";
  switch (static_cast<unsigned long>(system.f_type)) {
    case 0x9fa0:      // proc
    case 0x62656572:  // sysfs
    case 0x1cd1:      // devpts
    case 0x19800202:  // mqueue
    case 0x63677270:  // cgroup2
      return -EXDEV;
  }
  for (dev_t device : room.kernel_devices)
    if (info.st_dev == device) return -EXDEV;
  return 0;
}

}  // namespace

int OpenDeclaredTarget(const Room& room, int root, const Mount& mount, const char* path, const char*& call) {
  int target = OpenTarget(room, root, mount, path, call);
  long refused = target < 0 ? 0 : RefuseKernelTree(room, target, call);
  return refused < 0 ? static_cast<int>(refused) : target;
}

bool IsKernels(const Mount& mount) {
  plan::MountKind kind = static_cast<plan::MountKind>(mount.kind);
  return kind != plan::MountKind::kBind && kind != plan::MountKind::kTmpfs;
}

int OpenTarget(const Room& room, int root, const Mount& mount, const char* wanted, const char*& call) {
  call = "openat2";
  bool links = !IsKernels(mount);
  int target = OpenBelow(root, wanted, links);
  if (target != -ENOENT) return target;
  plan::MountKind kind = static_cast<plan::MountKind>(mount.kind);
  if (kind == plan::MountKind::kMask || kind == plan::MountKind::kReadOnly) return target;

  char path[kMaxPath];
  unsigned length = 0;
  int parent = static_cast<int>(Raw(__NR_fcntl, root, F_DUPFD_CLOEXEC, 0));
  if (parent < 0) return call = "fcntl", parent;
  for (const char* p = wanted;; ++p) {
    if (*p != '/' && *p != '\0') {
      if (length == kMaxPath - 1) return -ENAMETOOLONG;
      path[length++] = *p;
      continue;
    }
    path[length] = '\0';
    int next = OpenBelow(root, path, links);
    if (next == -ENOENT) {
      const char* name = path + length;
      while (name > path && name[-1] != '/') --name;
      long made = Make(room, parent, name, *p == '\0' && mount.is_file, call);
      if (made < 0) return static_cast<int>(made);
      call = "openat2";
      next = OpenBelow(root, path, links);
    }
    if (next < 0) return next;
    Raw(__NR_close, parent);
    if (*p == '\0') return next;
    parent = next;
    if (length == kMaxPath - 1) return -ENAMETOOLONG;
    path[length++] = '/';
  }
}

}  // namespace rooms::init
