#pragma once

#include <stdint.h>

#include "launch/stack.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

// `size` ids from `inside` on are the host's ids from `outside` on.
struct IdMap {
  uint32_t inside;
  uint32_t outside;
  uint32_t size;
};

// A user namespace with these maps and no process in it, held by the descriptor. `proc` is the host's /proc.
sys::UniqueFd MakeUserNamespace(int proc, const Stack& stack, IdMap uids, IdMap gids, sys::Fault& fault);

}  // namespace rooms::launch
