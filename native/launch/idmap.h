#pragma once

#include "launch/stack.h"
#include "launch/workshop.h"

namespace rooms::launch {

// Whether the file system of a detached mount takes idmapped mounts; tried, because neither kernel versions nor names
// of file systems tell. False with a fault where the answer may be another one in a moment: answers are kept.
bool TryIdmap(const Workshop& workshop, const Stack& stack, int mount, bool& takes, sys::Fault& fault);

}  // namespace rooms::launch
