#pragma once

namespace rooms::init {

// Waits until the embedding process is gone, then kills and removes what it left in its cgroup subtree.
[[noreturn]] void Keep();

}  // namespace rooms::init
