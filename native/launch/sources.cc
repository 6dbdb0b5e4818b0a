#include "launch/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "launch/devices.h"
#include "launch/filesystem.h"
#include "launch/host_scope.h"
#include "launch/user_namespace.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

constexpr uint64_t kPrivate = 1 << 18;  // MS_PRIVATE

std::string Octal(uint32_t mode) {
  char text[16];
  snprintf(text, sizeof text, "%o", mode);
  return text;
}

sys::UniqueFd NewTmpfs(const plan::Mount& mount, uint32_t owner, sys::Fault& fault) {
  std::string id = std::to_string(owner);
  return NewFilesystem("mount.tmpfs", "tmpfs",
                       {{"size", std::to_string(mount.bytes)}, {"mode", Octal(mount.mode)}, {"uid", id}, {"gid", id}},
                       mount.attributes, fault);
}

sys::UniqueFd NewDevpts(const plan::Mount& mount, sys::Fault& fault) {
  // All rooms share what kernel.pty.max allows, some thousands.
  constexpr const char* kMostTerminals = "256";
  return NewFilesystem(
      "mount.devpts", "devpts",
      {{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", std::to_string(mount.gid)}, {"max", kMostTerminals}},
      MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, fault);
}

// The source's owner on the host is the room's user, nobody else is anybody.
bool MapOwner(const Workshop& workshop, const Stack& stack, const plan::Mount& mount, int tree, sys::Fault& fault) {
  IdMap uids{mount.host_uid, mount.room_uid, 1}, gids{mount.host_gid, mount.room_gid, 1};
  UserNamespace user_namespace = UserNamespace::Make(workshop.proc.get(), stack, uids, gids, fault);
  if (!user_namespace) return false;
  int result = sys::MountSetattr(tree, 0, mount.recursive, user_namespace.fd());
  return result < 0 ? sys::Fail(fault, "mount.idmap", "mount_setattr", result, mount.source) : true;
}

// The mount itself and not a clone: it is for this room alone. Copied, because a launch may be tried twice.
sys::UniqueFd TakeDropzone(const plan::Mount& mount, int received, sys::Fault& fault) {
  sys::UniqueFd tree(fcntl(received, F_DUPFD_CLOEXEC, 0));
  if (!tree) return sys::Fail(fault, "mount.dropzone", "fcntl", errno), sys::UniqueFd();
  int set = sys::MountSetattr(tree.get(), mount.attributes);
  if (set < 0) return sys::Fail(fault, "mount.dropzone", "mount_setattr", set), sys::UniqueFd();
  return tree;
}

sys::UniqueFd SourceOf(Workshop& workshop, const Stack& stack, const plan::Identity& identity, const plan::Mount& mount,
                       const int*& dropzones, sys::Fault& fault) {
  switch (mount.kind) {
    case plan::MountKind::kBind:
      return MakeBind(workshop, stack, mount, fault);
    case plan::MountKind::kTmpfs:
      return NewTmpfs(mount, identity.mapped ? identity.base : 0, fault);
    case plan::MountKind::kDevpts:
      return NewDevpts(mount, fault);
    case plan::MountKind::kDev:
      return MakeDevices(fault);
    case plan::MountKind::kDropzone:
      return TakeDropzone(mount, *dropzones++, fault);
    default:
      return {};  // made by room-init, in the room's namespaces
  }
}

bool MadeByInit(plan::MountKind kind) {
  return kind == plan::MountKind::kProc || kind == plan::MountKind::kSysfs || kind == plan::MountKind::kMqueue ||
         kind == plan::MountKind::kCgroup || kind == plan::MountKind::kMask || kind == plan::MountKind::kReadOnly;
}

}  // namespace

sys::UniqueFd CloneHostTree(const Workshop& workshop, const plan::Mount& mount, sys::Fault& fault) {
  // The path was resolved before the plan was made: a symbolic link in it now is somebody's trick.
  int opened = OpenHost(workshop, mount.source, O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  struct stat info;
  if (opened < 0) return sys::Fail(fault, "mount.bind", "openat2", opened, mount.source), sys::UniqueFd();
  sys::UniqueFd source(opened);
  if (fstat(source.get(), &info) < 0)
    return sys::Fail(fault, "mount.bind", "fstat", errno, mount.source), sys::UniqueFd();
  if (mount.is_file ? !S_ISREG(info.st_mode) : !S_ISDIR(info.st_mode))
    return sys::Fail(fault, "mount.bind", "fstat", mount.is_file ? EISDIR : ENOTDIR, mount.source), sys::UniqueFd();

  sys::UniqueFd tree;
  {
    HostScope scope(workshop, fault);
    if (!scope) return {};
    int cloned = sys::CloneMount(source.get(), mount.recursive);
    if (cloned < 0) return sys::Fail(fault, "mount.bind", "open_tree", cloned, mount.source), sys::UniqueFd();
    tree.reset(cloned);
  }
  int set = sys::MountSetattr(tree.get(), mount.attributes, mount.recursive, -1, kPrivate);
  if (set < 0) return sys::Fail(fault, "mount.bind", "mount_setattr", set, mount.source), sys::UniqueFd();
  return tree;
}

sys::UniqueFd MakeBind(const Workshop& workshop, const Stack& stack, const plan::Mount& mount, sys::Fault& fault) {
  sys::UniqueFd tree = CloneHostTree(workshop, mount, fault);
  if (tree && mount.has_idmap && !MapOwner(workshop, stack, mount, tree.get(), fault)) return {};
  return tree;
}

bool PrepareSources(Workshop& workshop, const Stack& stack, const plan::Span<plan::Mount>& mounts,
                    const plan::Identity& identity, const int* dropzones, Sources& sources, sys::Fault& fault) {
  sources.mounts.reserve(mounts.size);
  for (const plan::Mount& mount : mounts) {
    sys::UniqueFd source = SourceOf(workshop, stack, identity, mount, dropzones, fault);
    if (!source && !MadeByInit(mount.kind)) {
      bool is_tmpfs = mount.kind == plan::MountKind::kTmpfs;  // or it would be one of its options
      if (fault.path.empty() || is_tmpfs) fault.path = mount.target;
      return false;
    }
    if (mount.kind == plan::MountKind::kDevpts) sources.devpts = source.get();
    if (mount.kind == plan::MountKind::kDev) sources.devices = source.get();
    sources.mounts.push_back(std::move(source));
  }
  return true;
}

}  // namespace rooms::launch
