#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "sys/fault.h"
#include "sys/fd.h"
#include "sys/thread.h"

namespace rooms::launch {

// Parts of rooms made ahead on a thread of their own, off the way of spawns. Each is used once and never comes back. An
// empty reserve is no error: the launcher then makes its own.
class Reserve {
 public:
  using Make = std::function<sys::UniqueFd(sys::Fault&)>;

  explicit Reserve(Make make) : make_(std::move(make)) {}
  ~Reserve();
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  // On a launcher thread, whose descriptor table and namespaces the reserve's thread then shares. Without a thread it
  // stays empty.
  void Start();

  sys::UniqueFd Take(sys::Fault& fault);

 private:
  void Fill();

  static constexpr size_t kReady = 8;
  const Make make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<sys::UniqueFd> ready_;
  bool stopping_ = false;
  sys::Thread thread_;
};

}  // namespace rooms::launch
