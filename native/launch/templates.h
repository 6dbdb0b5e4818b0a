#pragma once

#include "launch/workshop.h"

namespace rooms::launch {

// The parts every room gets a clone of: /dev, the empty directory and file of masks, and the sealed copy of room-init.
bool MakeTemplates(Workshop& workshop, const char* init_path, sys::Fault& fault);

}  // namespace rooms::launch
