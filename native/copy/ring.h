#pragma once

#include <stdint.h>
#include <stdlib.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace rooms::copy {

// A large piece of a file, or so many zeros where the file has a hole.
struct Piece {
  const char* bytes = nullptr;  // null: zeros
  uint64_t size = 0;
};

// Buffers that one thread fills in turn and some others read, each at its own pace: none is filled again before the
// slowest has read it.
class Ring {
 public:
  static constexpr size_t kBuffer = 4 << 20;
  static constexpr size_t kAlignment = 4096;  // O_DIRECT
  // Those of a slow reader fill up, of others few are ever used.
  static constexpr size_t kSlots = 16;

  // Before anything is published.
  void SetReaders(unsigned readers) { readers_ = readers; }

  // The buffer that is filled next, once nobody reads it any more. Null: no memory.
  char* Wait() {
    Slot& slot = slots_[head_ % kSlots];
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return slot.readers == 0; });
    lock.unlock();
    if (!slot.buffer) slot.buffer.reset(static_cast<char*>(aligned_alloc(kAlignment, kBuffer)));
    return slot.buffer.get();
  }

  // Hands on what Wait() gave, or zeros in its place. A size of 0 is the end.
  void Publish(const Piece& piece) {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[head_ % kSlots];
    slot.piece = piece;
    slot.readers = readers_;
    ++head_;
    filled_.notify_all();
  }

  // `turn`: how many pieces this reader has had. Each Take is followed by a Give.
  Piece Take(uint64_t turn) {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return turn < head_; });
    return slots_[turn % kSlots].piece;
  }

  void Give(uint64_t turn) {
    std::lock_guard lock(mutex_);
    if (--slots_[turn % kSlots].readers == 0) freed_.notify_one();
  }

 private:
  struct Free {
    void operator()(char* buffer) const { free(buffer); }
  };
  struct Slot {
    std::unique_ptr<char, Free> buffer;
    Piece piece;
    unsigned readers = 0;
  };

  unsigned readers_ = 0;
  std::array<Slot, kSlots> slots_;
  uint64_t head_ = 0;
  std::mutex mutex_;
  std::condition_variable filled_, freed_;
};

}  // namespace rooms::copy
