#pragma once

#include "launch/workshop.h"

namespace rooms::launch {

// Fills workshop.init with a copy of room-init that no room and no other process can write.
bool SealInit(Workshop& workshop, const char* path, sys::Fault& fault);

}  // namespace rooms::launch
