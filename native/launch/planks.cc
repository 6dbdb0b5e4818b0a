#include "launch/planks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "launch/filesystem.h"
#include "launch/host_scope.h"
#include "launch/idmap.h"
#include "launch/skeleton.h"
#include "launch/workshop.h"
#include "sys/clock.h"
#include "sys/loop.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

constexpr unsigned kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;

std::string ImageKey(const struct stat& file, const plan::Lower& lower) {
  char key[160];
  snprintf(key, sizeof key, "%s:%d:%llx:%llx:%llx:%lld.%09ld:%lld.%09ld", lower.format, lower.through_loop,
           static_cast<unsigned long long>(file.st_dev), static_cast<unsigned long long>(file.st_ino),
           static_cast<unsigned long long>(file.st_size), static_cast<long long>(file.st_mtim.tv_sec),
           file.st_mtim.tv_nsec, static_cast<long long>(file.st_ctim.tv_sec), file.st_ctim.tv_nsec);
  return key;
}

// The source of a file system is named by a path that the kernel looks up in the caller's mount namespace.
sys::UniqueFd MountImage(const Workshop& workshop, const plan::Lower& lower, int image, sys::Fault& fault) {
  sys::LoopDevice loop;
  // By the descriptor that was looked at, not by a path that may lead elsewhere by now.
  std::string source = "/proc/thread-self/fd/" + std::to_string(image);
  if (lower.through_loop) {
    if (!sys::AttachLoop(workshop.host_root.get(), image, false, loop, fault)) return {};
    source = loop.path;
  }
  HostScope scope(workshop, fault);
  if (!scope) return {};
  // The loop device goes with the last mount: it was configured to clear itself.
  sys::UniqueFd mount =
      NewFilesystem("mount.plank", lower.format, {{"ro", ""}, {"source", source}}, kAttributes, fault);
  struct stat root;
  if (!mount) return {};
  if (fstat(mount.get(), &root) < 0) return sys::Fail(fault, "mount.plank", "fstat", errno), sys::UniqueFd();
  // The kernel mounts an image whose root is a file, and then refuses with EINVAL to lay that over a directory.
  if (!S_ISDIR(root.st_mode)) return sys::Fail(fault, "mount.plank", "fstat", EUCLEAN), sys::UniqueFd();
  return mount;
}

// Tried with a clone: the mount itself stays as it is.
bool LearnIdmap(const Workshop& workshop, const Stack& stack, int mount, bool& takes, sys::Fault& fault) {
  int clone = sys::CloneMount(mount);
  if (clone < 0) return sys::Fail(fault, "lower.clone", "open_tree", clone);
  return TryIdmap(workshop, stack, sys::UniqueFd(clone).get(), takes, fault);
}

}  // namespace

Plank::~Plank() {
  if (mount) DropTemplate(mount.get());
}

std::shared_ptr<const Plank> Planks::Get(const Workshop& workshop, const Stack& stack, const plan::Lower& lower,
                                         sys::Fault& fault) {
  sys::UniqueFd image;
  std::string key;
  if (lower.kind == plan::LowerKind::kImage) {
    int opened = OpenHost(workshop, lower.path, O_RDONLY | O_NONBLOCK);
    struct stat file;
    if (opened < 0) return sys::Fail(fault, "open.plank", "openat2", opened, lower.path), nullptr;
    image.reset(opened);
    if (fstat(image.get(), &file) < 0) return sys::Fail(fault, "open.plank", "fstat", errno, lower.path), nullptr;
    if (!S_ISREG(file.st_mode)) return sys::Fail(fault, "open.plank", "fstat", EINVAL, lower.path), nullptr;
    key = ImageKey(file, lower);
  } else {
    key = std::string("skeleton:") + lower.key;
  }

  std::shared_ptr<Plank> plank;
  {
    std::lock_guard lock(mutex_);
    std::shared_ptr<Plank>& slot = planks_[key];
    if (!slot) slot = std::make_shared<Plank>();
    slot->used = sys::Now();
    plank = slot;
  }
  std::lock_guard lock(plank->mounting);
  if (plank->mount) return plank;
  sys::UniqueFd mount = lower.kind == plan::LowerKind::kImage ? MountImage(workshop, lower, image.get(), fault)
                                                              : MakeSkeleton(lower.entries, fault);
  if (!mount) {
    // Of what went wrong in mounting it, it is the plank that people know, and not an option of its file system.
    if (fault.path.empty() || fault.step == "mount.plank")
      fault.path = lower.kind == plan::LowerKind::kImage ? lower.path : lower.key;
    return nullptr;
  }
  if (!KeepTemplate(workshop, mount.get(), fault) || !LearnIdmap(workshop, stack, mount.get(), plank->idmap, fault))
    return nullptr;
  plank->mount = std::move(mount);
  return plank;
}

int64_t Planks::Release(int64_t idle_ms) {
  constexpr int64_t kMs = 1'000'000, kCentury = 3'155'695'200'000;  // in milliseconds: as nanoseconds it fits
  int64_t idle = std::clamp<int64_t>(idle_ms, 0, kCentury) * kMs;
  std::vector<std::shared_ptr<Plank>> released;  // unmounted when the lock is no longer held
  std::lock_guard lock(mutex_);
  int64_t now = sys::Now(), next = -1;
  for (auto at = planks_.begin(); at != planks_.end();) {
    int64_t left = at->second->used + idle - now;
    if (left <= 0) {
      released.push_back(std::move(at->second));
      at = planks_.erase(at);
      continue;
    }
    int64_t left_ms = (left + kMs - 1) / kMs;
    if (next < 0 || left_ms < next) next = left_ms;
    ++at;
  }
  return next;
}

}  // namespace rooms::launch
