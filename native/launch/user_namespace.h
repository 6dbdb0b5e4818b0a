#pragma once

#include <stdint.h>
#include <sys/types.h>

#include <utility>

#include "launch/stack.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

// `size` ids from `inside` on are the host's ids from `outside` on.
struct IdMap {
  uint32_t inside;
  uint32_t outside;
  uint32_t size;
};

// A user namespace held by a descriptor, and the process it was made with, which leaves as soon as it gets to run.
class UserNamespace {
 public:
  static constexpr uint32_t kOurs = UINT32_MAX;

  UserNamespace() = default;
  ~UserNamespace() { Reap(); }
  UserNamespace(UserNamespace&& other) noexcept : fd_(std::move(other.fd_)), maker_(std::exchange(other.maker_, -1)) {}
  UserNamespace& operator=(UserNamespace&& other) noexcept;

  // `proc` is the host's /proc. The stack must not be used again before this object is gone or was reaped. `owner`: the
  // id that what is counted in the namespace is counted for, too; otherwise that of this process.
  static UserNamespace Make(int proc, const Stack& stack, IdMap uids, IdMap gids, sys::Fault& fault,
                            uint32_t owner = kOurs);

  explicit operator bool() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }

  // Waits for that process, which takes a change of context; the longer ago it was made, the less.
  void Reap();

 private:
  sys::UniqueFd fd_;
  pid_t maker_ = -1;
};

}  // namespace rooms::launch
