#pragma once

namespace rooms::sys {

// Removes a cgroup, the cgroups below it, and whatever lives in them. After its last process is gone the kernel still
// needs moments to see that (EBUSY), so this tries again, for up to `patience_ms`. Returns 0, also when it was not
// there, or an errno.
int RemoveCgroup(int directory, const char* path, int patience_ms);

}  // namespace rooms::sys
