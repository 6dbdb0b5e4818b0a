#pragma once

// What runs between clone3 and execve, in memory shared with the embedding process (CLONE_VM) while the launcher thread
// waits (CLONE_VFORK). Rules of this folder: no allocation, no locks, no exceptions, no stdio, no errno. Everything the
// child needs was computed before; everything it created is gone with it.

#include <linux/filter.h>
#include <stdint.h>

#include <type_traits>

#include "plan/plan.h"

namespace rooms::child {

// One mount, its source ready as a descriptor of a detached mount (-1: made here, because it belongs to a namespace).
struct Mount {
  plan::MountKind kind;
  bool is_file;
  uint32_t attributes;
  int source;
  const char* target;  // below the root, without the leading slash
};

// Where the time went, CLOCK_MONOTONIC nanoseconds.
enum Mark : unsigned { kEntered, kRootReady, kMountsReady, kIdentityReady, kExecuting, kMarks };

struct Failure {
  const char* step;
  const char* syscall;
  int error;
  int mount;  // index of the mount it happened at, or -1
};

struct Input {
  int network;         // network namespace to enter
  int upper;           // detached tmpfs that holds the directories l, u and w
  int lower;           // detached mount of the plank, consumed
  int user_namespace;  // -1: ids of the host
  int control;         // room-init's socket
  int init;            // room-init's executable
  int proc;            // the host's /proc, or -1 when nothing there must be changed for the room
  bool read_only_root;
  bool announce;       // room-init says hello when it runs
  uint32_t owner_uid;  // of directories made for mount targets
  uint32_t owner_gid;
  const char* hostname;
  size_t hostname_length;
  plan::Span<Mount> mounts;
  plan::Span<plan::Rlimit> rlimits;
  uint64_t capabilities;  // kept for the command; room-init adds its own
  sock_fprog filter;      // len 0: none

  // Written by the child.
  Failure failure;
  int64_t marks[kMarks];
  bool executing;  // false after a failure, or when it was killed on the way
};

static_assert(std::is_trivially_destructible_v<Input> && std::is_standard_layout_v<Input>);

// Entry for sys::CloneCall; `argument` is an Input.
int Run(void* argument);

}  // namespace rooms::child
