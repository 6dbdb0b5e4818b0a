#pragma once

#include "child/child.h"

namespace rooms::child {

// Opens a mount target below the root, whatever the plank put there: no way leads out of the root, and no symbolic link
// is followed for the parts that are ours (/dev, /proc, /sys). Missing directories, and a missing last part, are made
// in the room's own layer. Returns an O_PATH descriptor or -errno.
int OpenTarget(const Input& input, int root, const Mount& mount);

}  // namespace rooms::child
