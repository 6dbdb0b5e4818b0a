#pragma once

#include "launch/workshop.h"

namespace rooms::launch {

// A fresh network namespace with a loopback interface that is up and nothing else. It belongs to the host's user
// namespace: no room has a capability over it.
sys::UniqueFd MakeNetworkNamespace(const Workshop& workshop, sys::Fault& fault);

}  // namespace rooms::launch
