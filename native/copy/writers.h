#pragma once

#include <string>
#include <vector>

#include "sys/fault.h"

namespace rooms::copy {

// Fails if somebody has one of these files open for writing, or mapped so. Whoever opens one afterwards changes its
// ctime with the first byte, so together with a version that was seen before it says that nothing is half written.
bool NobodyWrites(const std::string& root, const std::vector<std::string>& paths, sys::Fault& fault);

}  // namespace rooms::copy
