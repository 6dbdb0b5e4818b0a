#pragma once

#include "launch/init_process.h"

namespace rooms::launch {

// The Anchor's cgroup directory and the process that removes it: room-keeper watches a socket whose other end only this
// process holds, so that nothing stays behind however the process ends. Removal goes that one way, always.
class Subtree {
 public:
  Subtree() = default;
  ~Subtree();
  Subtree(const Subtree&) = delete;
  Subtree& operator=(const Subtree&) = delete;

  // Does nothing when the plan has no cgroup. Leaves the directory in workshop.cgroup.
  bool Open(const AnchorPlan& plan, Workshop& workshop, sys::Fault& fault);

 private:
  bool StartKeeper(const Workshop& workshop, int parent, const std::string& name, sys::Fault& fault);

  InitProcess keeper_;
  sys::UniqueFd lifeline_;
};

}  // namespace rooms::launch
