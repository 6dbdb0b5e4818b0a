#pragma once

#include <stdint.h>

namespace rooms::sys {

// openat2(2) with RESOLVE_IN_ROOT and what else `resolve` has. Returns a descriptor or -errno.
//
// The kernel refuses ".." with EAGAIN, in the path and in links on the way, when anything on the machine was renamed or
// mounted since the lookup began: any room that renames in a loop could keep all others from their files. After a few
// attempts the path is walked here.
int OpenInRoot(int root, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve);

// The walk alone: links and ".." are worked out as text, and every name on the way is opened from `root` by a path that
// has neither, in which the kernel follows nothing. So there is no ".." to climb out by, whoever moves what meanwhile.
// EAGAIN: a link came to where there was none.
int WalkInRoot(int root, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve);

}  // namespace rooms::sys
