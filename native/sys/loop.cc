#include "sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

namespace rooms::sys {

// The kernel names a free device; somebody else may configure it first, which EBUSY says. A hundred losses in a row are
// not a race any more.
bool AttachLoop(int root, int image, bool writable, LoopDevice& device, Fault& fault) {
  UniqueFd control(openat(root, "dev/loop-control", O_RDWR | O_CLOEXEC));
  if (!control) return Fail(fault, "loop.attach", "openat", errno, "/dev/loop-control");
  for (int attempt = 0; attempt < 100; ++attempt) {
    int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number < 0) return Fail(fault, "loop.attach", "ioctl", errno, "/dev/loop-control");
    device.path = "/dev/loop" + std::to_string(number);
    device.fd.reset(openat(root, device.path.c_str() + 1, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
    if (!device.fd) return Fail(fault, "loop.attach", "openat", errno, device.path);
    loop_config config{};
    config.fd = static_cast<unsigned>(image);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | (writable ? LO_FLAGS_DIRECT_IO : LO_FLAGS_READ_ONLY);
    if (writable) config.block_size = 4096;
    if (ioctl(device.fd.get(), LOOP_CONFIGURE, &config) == 0) return true;
    if (errno != EBUSY) return Fail(fault, "loop.attach", "ioctl", errno, device.path);
  }
  return Fail(fault, "loop.attach", "ioctl", EBUSY, device.path);
}

}  // namespace rooms::sys
