#pragma once

#include "init/assemble/room.h"

namespace rooms::init {

// Opens a mount target below `root`, whatever the plank put there: no way leads out of the root, and no symbolic link
// is followed for the parts that are ours (/dev, /proc, /sys). Missing directories, and a missing last part, are made
// in the room's own layer. Returns an O_PATH descriptor or -errno.
// `call` is what failed.
int OpenTarget(const Room& room, int root, const Mount& mount, const char* path, const char*& call);

// The same for a mount of the spec, which may lie on no tree of the kernel's: -EXDEV.
int OpenDeclaredTarget(const Room& room, int root, const Mount& mount, const char* path, const char*& call);

// True for what the kernel provides; false for what a spec declares.
bool IsKernels(const Mount& mount);

}  // namespace rooms::init
