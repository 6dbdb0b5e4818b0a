#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "sys/fd.h"
#include "sys/thread.h"
#include "watch/event.h"

namespace rooms::watch {

// What is left of a room when its processes are gone.
struct Remains {
  uint32_t room;
  long unreaped = -1;    // room-init of a room that was killed unseen
  sys::Fault failure{};  // why it never came to life, if so
  std::string cgroup{};  // absolute path of the leaf, or empty
  // Closing them frees the files of the writable layer, 4 µs each.
  sys::UniqueFd upper{};
  sys::UniqueFd mounts{};
};

// Clears away, at low priority and off the way of everything else.
class Janitor {
 public:
  // 0, or the error number of pthread_create(3).
  int Start(Post post);
  void Add(Remains remains);
  // Finishes what was added and ends the thread.
  void Stop();

 private:
  void Run();

  Post post_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Remains> work_;
  bool stopping_ = false;
  sys::Thread thread_;
};

}  // namespace rooms::watch
