#pragma once

#include <vector>

#include "child/child.h"
#include "launch/stack.h"
#include "launch/workshop.h"

namespace rooms::launch {

// The mounts of a room as the child takes them: each source a descriptor of a detached mount, opened once.
struct Sources {
  std::vector<child::Mount> mounts;
  std::vector<sys::UniqueFd> owned;
  int devpts = -1;   // the room's devpts, when it has one
  int devices = -1;  // the tree of its /dev

  plan::Span<child::Mount> span() const { return {mounts.data(), mounts.size()}; }
};

bool PrepareSources(Workshop& workshop, const Stack& stack, const plan::Room& room, Sources& sources,
                    sys::Fault& fault);

// A detached clone of a host directory or file; it no longer follows what the host mounts there later.
sys::UniqueFd CloneHostTree(const Workshop& workshop, const plan::Mount& mount, sys::Fault& fault);

}  // namespace rooms::launch
