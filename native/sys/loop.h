#pragma once

#include <string>

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::sys {

// A loop device that releases itself when nobody uses it any more (LO_FLAGS_AUTOCLEAR).
struct LoopDevice {
  UniqueFd fd;
  std::string path;  // on the host
};

// Attaches the file `image` read-only to a free loop device. `root` is the host's "/". Source: loop(4).
bool AttachLoop(int root, int image, LoopDevice& device, Fault& fault);

}  // namespace rooms::sys
