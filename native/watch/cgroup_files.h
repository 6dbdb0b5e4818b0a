#pragma once

#include <string>

#include "sys/fault.h"

namespace rooms::watch {

// The text of a small kernel file, also when the table of descriptors is full; false when it is not there.
bool ReadText(const std::string& path, std::string& text);

// Writes cgroup.freeze and waits until cgroup.events agrees. Source: Documentation/admin-guide/cgroup-v2.rst.
bool Freeze(const std::string& leaf, bool frozen, sys::Fault& fault);

}  // namespace rooms::watch
