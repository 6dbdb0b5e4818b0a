#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "launch/stack.h"
#include "plan/plan.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

struct Workshop;

// A plank that is mounted, once for all rooms of the Anchor, in no namespace anybody else sees.
struct Plank {
  std::mutex mounting;
  sys::UniqueFd mount;
  bool idmap = false;  // its file system takes idmapped mounts
};

// Planks by identity: a file that was replaced or rewritten is another plank.
class Planks {
 public:
  // Mounts on first use. The result lives as long as the Workshop.
  const Plank* Get(const Workshop& workshop, const Stack& stack, const plan::Lower& lower, sys::Fault& fault);

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Plank>> planks_;
};

}  // namespace rooms::launch
