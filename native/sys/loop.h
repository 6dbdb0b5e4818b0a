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

// Attaches the file `image` to a free loop device. `root` is the host's "/". One that is written to goes around the
// page cache of the file, where its file system can do that: the file system on the device has one of its own. Source:
// loop(4).
bool AttachLoop(int root, int image, bool writable, LoopDevice& device, Fault& fault);

}  // namespace rooms::sys
