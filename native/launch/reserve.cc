#include "launch/reserve.h"

#include <pthread.h>
#include <sys/resource.h>

#include <chrono>

#include "sys/raw.h"

namespace rooms::launch {

void Reserve::Start() {
  thread_.Start([this] { Fill(); });
}

void Reserve::Fill() {
  constexpr std::chrono::milliseconds kPause{200};
  pthread_setname_np(pthread_self(), "anchor-reserve");
  setpriority(PRIO_PROCESS, static_cast<id_t>(sys::Raw(__NR_gettid)), 10);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (ready_.size() >= kReady) {
      changed_.wait(lock);
      continue;
    }
    lock.unlock();
    sys::Fault fault;
    sys::UniqueFd made = make_(fault);
    lock.lock();
    // Out of memory or namespaces: a launcher will meet the same and has somebody to tell.
    if (made)
      ready_.push_back(std::move(made));
    else if (!stopping_)
      changed_.wait_for(lock, kPause);
  }
}

sys::UniqueFd Reserve::Take(sys::Fault& fault) {
  {
    std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      sys::UniqueFd taken = std::move(ready_.back());
      ready_.pop_back();
      changed_.notify_one();
      return taken;
    }
  }
  return make_(fault);
}

Reserve::~Reserve() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.Join();
}

}  // namespace rooms::launch
