#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "launch/workshop.h"

namespace rooms::launch {

// Fresh network namespaces made ahead on a thread of their own, because making one is half of a room's cost. Each is
// used once. An empty reserve is no error: the launcher then makes its own.
class NetworkReserve {
 public:
  NetworkReserve() = default;
  ~NetworkReserve();
  NetworkReserve(const NetworkReserve&) = delete;
  NetworkReserve& operator=(const NetworkReserve&) = delete;

  // On a launcher thread, whose descriptor table the reserve's thread then shares.
  void Start(const Workshop& workshop);

  sys::UniqueFd Take(const Workshop& workshop, sys::Fault& fault);

 private:
  void Fill(const Workshop& workshop);

  static constexpr size_t kReady = 8;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<sys::UniqueFd> ready_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rooms::launch
