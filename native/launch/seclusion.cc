#include "launch/seclusion.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>

#include "launch/filesystem.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

// Leaves 0, 1, 2 = /dev/null, then what is kept. Low numbers are never handed to a room by mistake then.
bool TakeTable(Seclusion& keep, sys::Fault& fault) {
  if (unshare(CLONE_FILES) < 0) return sys::Fail(fault, "seclude", "unshare", errno, "files");
  int* kept[] = {&keep.replies, &keep.spawns, &keep.preparations};
  constexpr int kKept = static_cast<int>(std::size(kept));
  int high[kKept];
  for (int i = 0; i < kKept; ++i)
    if ((high[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, 16)) < 0) return sys::Fail(fault, "seclude", "fcntl", errno);
  sys::UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return sys::Fail(fault, "seclude", "open", errno, "/dev/null");
  for (int fd = 0; fd < 3; ++fd)
    if (dup2(null.get(), fd) < 0) return sys::Fail(fault, "seclude", "dup2", errno);
  for (int i = 0; i < kKept; ++i) {
    if (dup3(high[i], 3 + i, O_CLOEXEC) < 0) return sys::Fail(fault, "seclude", "dup3", errno);
    *kept[i] = 3 + i;
  }
  (void)null.take();
  long closed = sys::Raw(__NR_close_range, 3 + kKept, ~0u, 0);
  return closed < 0 ? sys::Fail(fault, "seclude", "close_range", closed) : true;
}

bool Open(sys::UniqueFd& fd, const char* path, int flags, sys::Fault& fault) {
  fd.reset(open(path, flags | O_CLOEXEC));
  return fd ? true : sys::Fail(fault, "seclude", "open", errno, path);
}

// Private to us, empty, and sealed: the copy that each room's namespace begins with is one mount.
bool TakeMounts(sys::Fault& fault) {
  if (unshare(CLONE_FS | CLONE_NEWNS) < 0) return sys::Fail(fault, "seclude", "unshare", errno, "mounts");
  long made = sys::Raw(__NR_mount, 0, sys::Arg("/"), 0, MS_REC | MS_PRIVATE, 0);
  if (made < 0) return sys::Fail(fault, "seclude", "mount", made, "/");
  sys::UniqueFd root = NewFilesystem("seclude", "tmpfs", {{"size", "4k"}, {"nr_inodes", "4"}},
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, fault);
  if (!root) return false;
  int attached = sys::AttachMountAt(root.get(), AT_FDCWD, "/");
  if (attached < 0) return sys::Fail(fault, "seclude", "move_mount", attached, "/");
  if (fchdir(root.get()) < 0) return sys::Fail(fault, "seclude", "fchdir", errno);
  long pivoted = sys::Raw(__NR_pivot_root, sys::Arg("."), sys::Arg("."));
  if (pivoted < 0) return sys::Fail(fault, "seclude", "pivot_root", pivoted);
  constexpr long kDetach = 2;  // MNT_DETACH, which only libc's headers name
  long unmounted = sys::Raw(__NR_umount2, sys::Arg("."), kDetach);
  if (unmounted < 0) return sys::Fail(fault, "seclude", "umount2", unmounted);
  if (chdir("/") < 0) return sys::Fail(fault, "seclude", "chdir", errno, "/");
  if (mkdir(kTemplatePlace, 0700) < 0) return sys::Fail(fault, "seclude", "mkdir", errno, kTemplatePlace);
  int sealed = sys::MountSetattr(root.get(), MOUNT_ATTR_RDONLY);
  return sealed < 0 ? sys::Fail(fault, "seclude", "mount_setattr", sealed) : true;
}

// Since Linux 6.15 a mount that is attached nowhere can be cloned; tried, not guessed.
bool ClonesDetached() {
  sys::Fault ignored;
  sys::UniqueFd mount = NewFilesystem("seclude", "tmpfs", {{"size", "4k"}}, 0, ignored);
  return mount && sys::UniqueFd(sys::CloneMount(mount.get()));
}

// Writable, unlike the root: templates come and go.
bool MakeTemplatePlace(sys::Fault& fault) {
  sys::UniqueFd place = NewFilesystem("seclude", "tmpfs", {{"size", "4k"}, {"nr_inodes", "4k"}, {"mode", "0700"}},
                                      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, fault);
  if (!place) return false;
  int attached = sys::AttachMountAt(place.get(), AT_FDCWD, kTemplatePlace);
  return attached < 0 ? sys::Fail(fault, "seclude", "move_mount", attached, kTemplatePlace) : true;
}

bool ReadOomScore(int proc, long& score, sys::Fault& fault) {
  constexpr const char* kFile = "/proc/self/oom_score_adj";
  sys::UniqueFd fd(openat(proc, kFile + sizeof "/proc/" - 1, O_RDONLY | O_CLOEXEC));
  if (!fd) return sys::Fail(fault, "seclude", "openat", errno, kFile);
  char text[16] = {};
  if (read(fd.get(), text, sizeof text - 1) <= 0) return sys::Fail(fault, "seclude", "read", errno, kFile);
  score = strtol(text, nullptr, 10);
  return true;
}

}  // namespace

bool Seclude(Seclusion& keep, Workshop& workshop, sys::Fault& fault) {
  if (!TakeTable(keep, fault)) return false;
  if (!Open(workshop.host_root, "/", O_PATH | O_DIRECTORY, fault) ||
      !Open(workshop.proc, "/proc", O_PATH | O_DIRECTORY, fault) ||
      !Open(workshop.host_mounts, "/proc/thread-self/ns/mnt", O_RDONLY, fault))
    return false;
  if (!TakeMounts(fault)) return false;
  workshop.launcher_mounts.reset(openat(workshop.proc.get(), "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!workshop.launcher_mounts) return sys::Fail(fault, "seclude", "openat", errno, "/proc/thread-self/ns/mnt");
  workshop.clones_detached = ClonesDetached();
  if (!workshop.clones_detached && !MakeTemplatePlace(fault)) return false;
  long oom_score = 0;
  if (!ReadOomScore(workshop.proc.get(), oom_score, fault)) return false;
  workshop.lift_oom_score = oom_score < 0;
  workshop.nice = getpriority(PRIO_PROCESS, 0);
  umask(022);  // ours alone since unshare(CLONE_FS): modes of what we make in rooms do not depend on the program's
  return true;
}

}  // namespace rooms::launch
