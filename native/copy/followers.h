#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "copy/ring.h"
#include "sys/fault.h"
#include "sys/thread.h"

namespace rooms::copy {

// Those who want the bytes of one file in their order, each in a thread of its own while the next are read; of a file
// that fits into one buffer they are handed over on the way.
class Followers {
 public:
  // In a thread it is told of the end, as a piece of no size.
  using Take = std::function<void(const Piece&)>;

  explicit Followers(uint64_t size) : threads_(size > Ring::kBuffer) {}
  ~Followers() { Abandon(); }
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  // Before Start().
  void Add(Take take) { lines_.push_back({std::move(take), {}}); }
  bool Start(sys::Fault& fault);
  // Null: no memory.
  char* Buffer() { return ring_.Wait(); }
  // What is in the buffer; it is not changed until the next call of Buffer().
  void Data(const char* bytes, uint64_t size) { Hand({bytes, size}); }
  void Zeros(uint64_t size);
  // Waits until all of them have had everything.
  void Stop();
  // Waits until none of them runs; what they have not had by now is not worth much any more.
  void Abandon();
  bool abandoned() const { return abandoned_; }
  bool threads() const { return threads_; }

 private:
  struct Line {
    Take take;
    sys::Thread thread;
  };

  void Hand(const Piece& piece);
  void Follow(const Take& take);

  const bool threads_;
  Ring ring_;
  std::vector<Line> lines_;
  std::atomic<bool> abandoned_ = false;
  bool stopped_ = false;
};

}  // namespace rooms::copy
