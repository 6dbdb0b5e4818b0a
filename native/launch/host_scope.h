#pragma once

#include "launch/workshop.h"

namespace rooms::launch {

// While it lives, this launcher thread is in the host's mount namespace: open_tree clones only mounts of the caller's
// own, and a block device is looked up by a path. Never held across a clone.
class HostScope {
 public:
  HostScope(const Workshop& workshop, sys::Fault& fault);
  ~HostScope();
  HostScope(const HostScope&) = delete;
  HostScope& operator=(const HostScope&) = delete;
  explicit operator bool() const { return entered_; }

 private:
  const Workshop& workshop_;
  bool entered_ = false;
};

}  // namespace rooms::launch
