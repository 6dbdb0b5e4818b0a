#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "launch/job.h"
#include "launch/workshop.h"
#include "sys/fault.h"
#include "sys/fd.h"
#include "sys/thread.h"

namespace rooms::launch {

// The launcher threads of one Anchor: a mount namespace and a descriptor table of their own, so that neither the host's
// mounts nor Node's open files are copied for each room, and no descriptor of a room ever shows up among Node's.
class Launchers {
 public:
  Launchers() = default;
  ~Launchers();
  Launchers(const Launchers&) = delete;
  Launchers& operator=(const Launchers&) = delete;

  // Blocks until the threads are ready (a few milliseconds).
  bool Start(const AnchorPlan& plan, sys::Fault& fault);

  // What is prepared must never keep a spawn waiting: it has a queue and a thread of its own, of low priority.
  enum class Lane { kSpawns, kPreparations };

  // Never blocks: what the socket does not take waits here for Flush(). False when something waits.
  bool Submit(std::unique_ptr<Job> job, Lane lane = Lane::kSpawns);
  bool Flush();

  // Where finished jobs come back; readable when there is one.
  int replies() const { return lanes_[0].socket.get(); }

  // One finished job with its descriptors, or null.
  std::unique_ptr<Job> Receive(JobFds& fds);

  // What was submitted and waits for others need not wait any longer.
  void Hurry() { closing_ = true; }

  // Lets what was submitted finish and ends the threads. Replies may be received until then and after.
  void Stop();

 private:
  struct Queue {
    sys::UniqueFd socket;
    std::deque<std::unique_ptr<Job>> waiting{};
  };

  bool FlushLocked(Queue& queue);

  Queue lanes_[2];  // by Lane; finished jobs of both come back through the first
  std::atomic<bool> closing_{false};
  sys::Thread first_;
  std::mutex mutex_;
};

}  // namespace rooms::launch
