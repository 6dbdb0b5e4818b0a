#pragma once

#include <vector>

#include "launch/stack.h"
#include "launch/workshop.h"

namespace rooms::launch {

// What the mounts of a plan show: for each one a descriptor of a detached mount, opened once, or none where room-init
// makes it in the room's own namespaces.
struct Sources {
  std::vector<sys::UniqueFd> mounts;
  int devpts = -1;   // the room's devpts, when it has one
  int devices = -1;  // the tree of its /dev
};

// `dropzones`: a descriptor for each of them, in their order.
bool PrepareSources(Workshop& workshop, const Stack& stack, const plan::Span<plan::Mount>& mounts,
                    const plan::Identity& identity, const int* dropzones, Sources& sources, sys::Fault& fault);

// A detached clone of a host directory or file; it no longer follows what the host mounts there later.
sys::UniqueFd CloneHostTree(const Workshop& workshop, const plan::Mount& mount, sys::Fault& fault);

// The same with its owner mapped, as the mount says.
sys::UniqueFd MakeBind(const Workshop& workshop, const Stack& stack, const plan::Mount& mount, sys::Fault& fault);

}  // namespace rooms::launch
