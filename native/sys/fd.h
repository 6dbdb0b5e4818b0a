#pragma once

#include <unistd.h>

#include <utility>

namespace rooms::sys {

// A file descriptor with one owner. Closed when the owner goes, unless taken.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd < 0 ? -1 : fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.take()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.take());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int take() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    int old = std::exchange(fd_, fd < 0 ? -1 : fd);
    if (old >= 0) close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace rooms::sys
