#pragma once

#include <memory>
#include <vector>

#include "launch/room_job.h"
#include "watch/records.h"
#include "watch/watcher.h"

namespace rooms::watch {

// A living room as the watcher sees it.
struct Watcher::Room {
  std::unique_ptr<launch::LaunchedRoom> launched;
  int64_t deadline = -1;  // CLOCK_MONOTONIC nanoseconds
  Killed killed = Killed::kNo;
  uint32_t next_process = 1;
  Records records{};
  bool control_open = true;
  int64_t unread_since = -1;   // it has ended, but what room-init said last could not be read; CLOCK_MONOTONIC
  std::vector<int> watches{};  // inotify, to be taken back: the kernel keeps them when the cgroup is gone

  uint32_t number() const { return launched->number; }
  plan::Room& plan() const { return launched->planned->room; }
};

// `milliseconds` after `start`, both as in SetDeadline; beyond a thousand years is never.
inline int64_t DeadlineAfter(int64_t start, int64_t milliseconds) {
  constexpr int64_t kNever = 31'556'952'000'000;
  return milliseconds < 0 || milliseconds > kNever ? -1 : start + milliseconds * 1'000'000;
}

// A lifetime counts from the start of the command; until that is told, a room that never comes to it must not live for
// ever.
constexpr int kPatienceMs = 30'000;

inline int64_t DeadlineToStart(int64_t asked, int64_t lifetime_ms) {
  return DeadlineAfter(asked, lifetime_ms < 0 ? -1 : lifetime_ms + kPatienceMs);
}

// What an epoll event is about: the room's number and which of its descriptors.
enum Source : uint64_t { kReplies, kWake, kChanges, kPid, kControl };

inline uint64_t Tag(Source source, uint32_t room = 0) { return uint64_t{room} << 8 | source; }

}  // namespace rooms::watch
