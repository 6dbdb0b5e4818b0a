#pragma once

#include <string>

#include "launch/workshop.h"

namespace rooms::launch {

// A room's cgroup. Removed with this object unless the room lives.
class Leaf {
 public:
  Leaf() = default;
  ~Leaf();
  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;

  bool Create(const Workshop& workshop, const plan::Cgroup& plan, sys::Fault& fault);

  // Writes the limits, when room-init is known to run: until then Node's memory is the room's, and the kernel's
  // out-of-memory killer kills everything that shares it; docs/decisions/007.
  bool Arm(const plan::Cgroup& plan, sys::Fault& fault);

  // The kernel has killed something in it for want of memory.
  bool Starved() const;

  int fd() const { return directory_.get(); }
  void Keep() { parent_ = -1; }

 private:
  sys::UniqueFd directory_;
  std::string name_;
  int parent_ = -1;
};

}  // namespace rooms::launch
