#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

struct DropzoneOrder {
  int image;      // an ext4 image in a file, of which nobody needs the name any more
  int64_t bytes;  // its size, all of which is reserved on its disk
  uid_t uid;      // who owns its root
  gid_t gid;
};

// The file system in an image as a detached mount: the host never sees it, and it goes with the last descriptor, its
// loop device and the blocks of the file with it, however this process ends. On a thread in the host's mount namespace.
sys::UniqueFd MakeDropzone(const DropzoneOrder& order, sys::Fault& fault);

// From now on nobody writes to it, whatever they have open. EBUSY: somebody has a file of it open for writing.
bool SealDropzone(int dropzone, sys::Fault& fault);

}  // namespace rooms::launch
