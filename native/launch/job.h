#pragma once

#include <stddef.h>

#include <atomic>

#include "launch/stack.h"
#include "launch/workshop.h"
#include "sys/message.h"

namespace rooms::launch {

// Descriptors that travel with a job: from Node's table to the launchers' and back (SCM_RIGHTS).
struct JobFds {
  int fds[sys::kMaxMessageFds];
  size_t count = 0;
};

// What a launcher thread has for its children: one stack for the child at hand, and one for the maker of the room's
// user namespace, which goes away while the launcher goes on.
struct Stacks {
  Stack child;
  Stack maker;
};

// Work for a launcher thread. Made on the JS thread, run by a launcher, finished on the watcher thread, which owns it
// then.
class Job {
 public:
  virtual ~Job() = default;

  // Descriptors of Node's table that the job needs.
  virtual JobFds Attachments() const { return {}; }

  // On a launcher thread. Takes over `received`; what it puts into `reply` is closed there after it was sent.
  virtual void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) = 0;

  // On the watcher thread. Takes over `received`.
  virtual void Finish(const JobFds& received) = 0;

  // Around the socket that a job goes through: the order that the kernel keeps is none that C++ knows of.
  void PassOn() { turn_.fetch_add(1, std::memory_order_release); }
  void TakeOver() { (void)turn_.load(std::memory_order_acquire); }

  // Its descriptors could not be sent along, and why. PassOn() follows.
  void Strip(int error) { stripped_ = error; }

 protected:
  int stripped() const { return stripped_; }

 private:
  std::atomic<unsigned> turn_{0};
  int stripped_ = 0;
};

}  // namespace rooms::launch
