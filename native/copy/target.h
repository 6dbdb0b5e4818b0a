#pragma once

#include <stdint.h>

#include <atomic>
#include <string>

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::copy {

// A new file that goes to the disk while it is written, so that neither the page cache nor the fsync(2) at the end
// grows with it: past the page cache where that can be done, else out of it soon. After any error here the file is
// worth nothing: the kernel reports a lost write once and calls the page clean (fsync(2), NOTES), so nothing is ever
// tried again.
class Target {
 public:
  // `flushed` counts up with what has reached the disk.
  explicit Target(std::atomic<uint64_t>& flushed) : flushed_(flushed) {}

  // Made by this call or not at all. `direct`: worth going past the page cache for, which copies no bytes but writes
  // only while the caller waits.
  bool Create(const std::string& path, bool direct, sys::Fault& fault);
  bool Reserve(uint64_t size, sys::Fault& fault);
  // Instead of writing: the same blocks as `source`, which has `size` bytes, and they are on the device. `cloned`:
  // whether these files can share them; if not, it is empty.
  bool Clone(int source, uint64_t size, bool& cloned, sys::Fault& fault);
  bool Write(const char* bytes, uint64_t size, uint64_t at, sys::Fault& fault);
  // The holes at the end, and the mode.
  bool Finish(uint64_t size, uint32_t mode, sys::Fault& fault);
  bool Sync(sys::Fault& fault);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }

 private:
  bool Behind(uint64_t until, sys::Fault& fault);

  std::atomic<uint64_t>& flushed_;
  sys::UniqueFd fd_;
  std::string path_;
  bool direct_ = false;
  uint64_t size_ = 0, written_ = 0, behind_ = 0;
};

}  // namespace rooms::copy
