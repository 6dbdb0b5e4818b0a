#include "launch/network_reserve.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "launch/network_namespace.h"
#include "sys/raw.h"

namespace rooms::launch {

void NetworkReserve::Start(const Workshop& workshop) {
  thread_ = std::thread([this, &workshop] { Fill(workshop); });
}

void NetworkReserve::Fill(const Workshop& workshop) {
  pthread_setname_np(pthread_self(), "anchor-reserve");
  setpriority(PRIO_PROCESS, static_cast<id_t>(sys::Raw(__NR_gettid)), 10);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || ready_.size() < kReady; });
      if (stopping_) return;
    }
    sys::Fault fault;
    sys::UniqueFd made = MakeNetworkNamespace(workshop, fault);
    // Out of namespaces or memory: a launcher will meet the same and has somebody to tell.
    if (!made) return;
    std::lock_guard lock(mutex_);
    ready_.push_back(std::move(made));
  }
}

sys::UniqueFd NetworkReserve::Take(const Workshop& workshop, sys::Fault& fault) {
  {
    std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      sys::UniqueFd taken = std::move(ready_.back());
      ready_.pop_back();
      changed_.notify_one();
      return taken;
    }
  }
  return MakeNetworkNamespace(workshop, fault);
}

NetworkReserve::~NetworkReserve() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace rooms::launch
