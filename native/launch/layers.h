#pragma once

#include "launch/stack.h"
#include "launch/workshop.h"

namespace rooms::launch {

// The tmpfs that holds a room's writable layer, with l (where the plank goes), u and w of the
// overlay, and the empty directory d and file f that masks show.
sys::UniqueFd MakeUpper(const plan::Root& root, uint32_t owner, sys::Fault& fault);

// A clone of the plank's mount for one room; with its ids shifted when `user_namespace` is given.
sys::UniqueFd MakeLower(Workshop& workshop, const Stack& stack, const plan::Root& root, int user_namespace,
                        sys::Fault& fault);

}  // namespace rooms::launch
