#pragma once

#include <memory>

#include "launch/init_process.h"
#include "launch/job.h"
#include "launch/leaf.h"
#include "launch/sources.h"
#include "launch/user_namespace.h"

namespace rooms::launch {

// A room that is nobody's yet: its namespaces, its ids, its cgroup, what the kernel provides in it, and room-init
// waiting to hear what it is for. All of it is undone with this object, last made first, but for what was taken out.
struct Blank {
  UserNamespace user_namespace;
  sys::UniqueFd upper;
  int64_t upper_bytes = 0, upper_inodes = 0;
  Sources sources;
  Leaf leaf;
  sys::UniqueFd control;
  InitProcess init;
  // Its mount namespace. Whoever has it decides when the room's file systems go, and with them what was written: the
  // kernel would else do that before it says that room-init has ended.
  sys::UniqueFd mounts;
  bool greeted = false;

  // Null with a fault. room-init still works on it when this returns.
  static std::unique_ptr<Blank> Make(Workshop& workshop, const Stacks& stacks, const plan::Blank& plan,
                                     sys::Fault& fault);

  // Waits until room-init is through, and thereby runs in memory of its own. False with a fault when it failed.
  bool Greet(const plan::Blank& plan, const std::atomic<bool>& closing, sys::Fault& fault);

  // A request found nobody: what room-init said before it ended takes the place of `fault`. `mounts` are those that it
  // was told of later. False when it said nothing.
  bool ExplainEnd(const plan::Blank& plan, const plan::Span<plan::Mount>& mounts, sys::Fault& fault);
};

}  // namespace rooms::launch
