#include "launch/skeleton.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/filesystem.h"
#include "sys/clock.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

bool WriteFile(int tree, const plan::SkeletonEntry& entry, sys::Fault& fault) {
  sys::UniqueFd file(openat(tree, entry.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return sys::Fail(fault, "skeleton", "openat", errno, entry.path);
  for (size_t written = 0, size = strlen(entry.content); written < size;) {
    ssize_t count = write(file.get(), entry.content + written, size - written);
    if (count < 0) return sys::Fail(fault, "skeleton", "write", errno, entry.path);
    written += static_cast<size_t>(count);
  }
  // Not by the mode of openat: the umask belongs to the embedding process.
  if (fchmod(file.get(), entry.mode) < 0) return sys::Fail(fault, "skeleton", "fchmod", errno, entry.path);
  return true;
}

bool MakeEntry(int tree, const plan::SkeletonEntry& entry, sys::Fault& fault) {
  switch (entry.kind) {
    case plan::EntryKind::kDirectory:
      if (mkdirat(tree, entry.path, 0700) < 0) return sys::Fail(fault, "skeleton", "mkdirat", errno, entry.path);
      if (fchmodat(tree, entry.path, entry.mode, 0) < 0)
        return sys::Fail(fault, "skeleton", "fchmodat", errno, entry.path);
      return true;
    case plan::EntryKind::kLink:
      if (symlinkat(entry.content, tree, entry.path) < 0)
        return sys::Fail(fault, "skeleton", "symlinkat", errno, entry.path);
      return true;
    case plan::EntryKind::kFile:
      return WriteFile(tree, entry, fault);
  }
  return true;
}

// EBUSY: somebody has a file of it open for writing. That is a child which another launcher is just making: it begins
// with a copy of our descriptors, and lets go of them within a moment.
int Seal(int mount) {
  constexpr timespec kPause{0, 200'000};
  constexpr int64_t kPatience = 10'000'000'000;
  for (int64_t until = sys::Now() + kPatience;;) {
    int sealed = sys::MountSetattr(mount, MOUNT_ATTR_RDONLY);
    if (sealed != -EBUSY || sys::Now() > until) return sealed;
    nanosleep(&kPause, nullptr);
  }
}

}  // namespace

sys::UniqueFd MakeSkeleton(const plan::Span<plan::SkeletonEntry>& entries, sys::Fault& fault) {
  sys::UniqueFd mount = NewFilesystem("skeleton", "tmpfs", {{"mode", "0755"}, {"size", "16m"}},
                                      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, fault);
  if (!mount) return {};
  for (const plan::SkeletonEntry& entry : entries)
    if (!MakeEntry(mount.get(), entry, fault)) return {};
  int sealed = Seal(mount.get());
  if (sealed < 0) return sys::Fail(fault, "skeleton", "mount_setattr", sealed), sys::UniqueFd();
  return mount;
}

}  // namespace rooms::launch
