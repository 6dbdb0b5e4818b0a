#pragma once

#include <stddef.h>
#include <sys/mman.h>

namespace rooms::launch {

// Memory for children that share ours, with a page below it that faults.
class Stack {
 public:
  Stack() {
    void* memory = mmap(nullptr, kGuard + kSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return;
    memory_ = static_cast<char*>(memory);
    if (mprotect(memory_ + kGuard, kSize, PROT_READ | PROT_WRITE) != 0) {
      munmap(memory_, kGuard + kSize);
      memory_ = nullptr;
    }
  }
  ~Stack() {
    if (memory_) munmap(memory_, kGuard + kSize);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  explicit operator bool() const { return memory_ != nullptr; }
  void* start() const { return memory_ + kGuard; }
  size_t size() const { return kSize; }

 private:
  static constexpr size_t kGuard = 4096;
  static constexpr size_t kSize = 128 * 1024;
  char* memory_ = nullptr;
};

}  // namespace rooms::launch
