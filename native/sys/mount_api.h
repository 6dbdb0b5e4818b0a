#pragma once

// The mount API of Linux 5.2 and mount_setattr(2) of 5.12, one function for each call. Sources: fsopen(2), fsconfig(2),
// fsmount(2), move_mount(2), open_tree(2), mount_setattr(2). All return a descriptor or 0, or -errno.

#include <fcntl.h>
#include <stdint.h>

#include "sys/abi.h"
#include "sys/raw.h"

namespace rooms::sys {

inline int Fsopen(const char* type) { return static_cast<int>(Raw(__NR_fsopen, Arg(type), FSOPEN_CLOEXEC)); }

inline int FsconfigString(int context, const char* key, const char* value) {
  return static_cast<int>(Raw(__NR_fsconfig, context, FSCONFIG_SET_STRING, Arg(key), Arg(value), 0));
}

inline int FsconfigFlag(int context, const char* key) {
  return static_cast<int>(Raw(__NR_fsconfig, context, FSCONFIG_SET_FLAG, Arg(key), 0, 0));
}

inline int FsconfigCreate(int context) {
  return static_cast<int>(Raw(__NR_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0));
}

// A context to change what the file system of `mount` was made with.
inline int Fspick(int mount) {
  return static_cast<int>(Raw(__NR_fspick, mount, Arg(""), FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
}

inline int FsconfigReconfigure(int context) {
  return static_cast<int>(Raw(__NR_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0));
}

inline int Fsmount(int context, unsigned attributes) {
  return static_cast<int>(Raw(__NR_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}

inline int OpenTree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(Raw(__NR_open_tree, directory, Arg(path), flags | OPEN_TREE_CLOEXEC));
}

// A detached copy of the mount that `mount` refers to.
inline int CloneMount(int mount, bool recursive = false) {
  return OpenTree(mount, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0));
}

// Attaches `mount` to what the descriptor `target` refers to (on top of whatever is mounted there).
inline int AttachMount(int mount, int target) {
  return static_cast<int>(
      Raw(__NR_move_mount, mount, Arg(""), target, Arg(""), MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

inline int AttachMountAt(int mount, int directory, const char* path) {
  return static_cast<int>(Raw(__NR_move_mount, mount, Arg(""), directory, Arg(path), MOVE_MOUNT_F_EMPTY_PATH));
}

inline int MountSetattr(int mount, uint64_t set, bool recursive = false, int user_namespace = -1,
                        uint64_t propagation = 0) {
  mount_attr attributes{};
  attributes.propagation = propagation;
  attributes.attr_set = set | (user_namespace >= 0 ? MOUNT_ATTR_IDMAP : 0);
  attributes.userns_fd = user_namespace >= 0 ? static_cast<uint64_t>(user_namespace) : 0;
  return static_cast<int>(Raw(__NR_mount_setattr, mount, Arg(""), AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
                              Arg(&attributes), sizeof attributes));
}

// RESOLVE_IN_ROOT: see open_in_root.h.
inline int Openat2(int directory, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  open_how how{};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(Raw(__NR_openat2, directory, Arg(path), Arg(&how), sizeof how));
}

}  // namespace rooms::sys
