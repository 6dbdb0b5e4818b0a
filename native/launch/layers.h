#pragma once

#include "launch/stack.h"
#include "launch/workshop.h"

namespace rooms::launch {

// What the tmpfs of a writable layer needs for itself: its root, the names below, overlayfs' own directory in w.
constexpr int64_t kUpperInodes = 10;

// The tmpfs that holds a room's writable layer, with l (where the plank goes), u and w of the overlay, the empty
// directory d and file f that masks show, and dev, proc and sys, where these trees wait until there is a root.
sys::UniqueFd MakeUpper(const plan::Blank& blank, sys::Fault& fault);

// A clone of the plank's mount for one room; with its ids shifted when `user_namespace` is given.
sys::UniqueFd MakeLower(Workshop& workshop, const Stack& stack, const plan::Root& root, int user_namespace,
                        sys::Fault& fault);

}  // namespace rooms::launch
