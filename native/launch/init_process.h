#pragma once

#include <stdint.h>

#include <initializer_list>

#include "launch/stack.h"
#include "launch/workshop.h"

namespace rooms::launch {

// A process of our own static executable (native/init), held by a descriptor. Killed and reaped with this object unless
// it was handed on.
class InitProcess {
 public:
  InitProcess() = default;
  ~InitProcess() { Kill(); }
  InitProcess(const InitProcess&) = delete;
  InitProcess& operator=(const InitProcess&) = delete;

  // PID 1 of new namespaces of every kind but user, in the cgroup of that descriptor (-1: ours).
  bool StartRoom(const Workshop& workshop, const Stack& stack, int control, int cgroup, sys::Fault& fault);
  // With these descriptors as 0, 1, …
  bool StartKeeper(const Workshop& workshop, const Stack& stack, std::initializer_list<int> keep, sys::Fault& fault);

  long pid() const { return pid_; }
  bool ended() const;
  // Whoever has the descriptor reaps it.
  int Take() { return pidfd_.take(); }
  void Wait();

 private:
  bool Start(const Workshop& workshop, const Stack& stack, std::initializer_list<int> keep, bool room, uint64_t flags,
             int cgroup, sys::Fault& fault);
  void Kill();

  sys::UniqueFd pidfd_;
  long pid_ = -1;
};

}  // namespace rooms::launch
