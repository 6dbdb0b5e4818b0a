#include "copy/followers.h"

#include <algorithm>

namespace rooms::copy {

bool Followers::Start(sys::Fault& fault) {
  if (!threads_) return true;
  unsigned running = 0;
  for (Line& line : lines_) {
    int error = line.thread.Start([this, &line] { Follow(line.take); });
    if (error) return sys::Fail(fault, "copy.thread", "pthread_create", error);
    ring_.SetReaders(++running);
  }
  return true;
}

void Followers::Hand(const Piece& piece) {
  if (piece.size == 0) return;
  if (threads_) return ring_.Publish(piece);
  for (Line& line : lines_) line.take(piece);
}

void Followers::Zeros(uint64_t size) {
  if (lines_.empty()) return;
  if (threads_) ring_.Wait();
  Hand({nullptr, size});
}

void Followers::Follow(const Take& take) {
  for (uint64_t turn = 0;; ++turn) {
    Piece piece = ring_.Take(turn);
    take(piece);
    ring_.Give(turn);
    if (piece.size == 0) return;
  }
}

void Followers::Stop() {
  if (stopped_) return;
  stopped_ = true;
  bool running = std::any_of(lines_.begin(), lines_.end(), [](const Line& line) { return line.thread.running(); });
  if (!running) return;
  ring_.Wait();
  ring_.Publish({});
  for (Line& line : lines_) line.thread.Join();
}

void Followers::Abandon() {
  abandoned_ = true;
  Stop();
}

}  // namespace rooms::copy
