#pragma once

#include <stdint.h>

#include "sys/fault.h"

namespace rooms::watch {

// Opens a file below a room's root with the rights of this process, at a path that the room may have chosen: no way
// leads out of the root, nothing blocks, and nothing of the kernel's own file systems is opened (a link to
// /proc/sys/kernel/core_pattern is below the root, too). Returns a descriptor, or -1 with a fault.
int OpenRoomFile(int root, const char* path, uint64_t flags, uint64_t mode, sys::Fault& fault);

}  // namespace rooms::watch
