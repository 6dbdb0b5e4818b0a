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
  int64_t used = 0;    // CLOCK_MONOTONIC nanoseconds; under the mutex of Planks

  Plank() = default;
  ~Plank();  // on a launcher thread
  Plank(const Plank&) = delete;
  Plank& operator=(const Plank&) = delete;
};

// Planks by identity: a file that was replaced or rewritten is another plank.
class Planks {
 public:
  // Mounts on first use, and again when it was released meanwhile. Whoever has it keeps it.
  std::shared_ptr<const Plank> Get(const Workshop& workshop, const Stack& stack, const plan::Lower& lower,
                                   sys::Fault& fault);

  // Forgets planks that nobody has asked for in `idle_ms`. Rooms made of them have mounts of their own. Returns in how
  // many milliseconds the next one is due, or -1 when there is none.
  int64_t Release(int64_t idle_ms);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Plank>> planks_;
};

}  // namespace rooms::launch
