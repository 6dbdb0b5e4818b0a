#pragma once

#include <memory>

#include "launch/room_job.h"
#include "watch/watcher.h"

namespace rooms::watch {

// A living room as the watcher sees it.
struct Watcher::Room {
  std::unique_ptr<launch::LaunchedRoom> launched;
  int64_t deadline = -1;  // CLOCK_MONOTONIC nanoseconds
  Killed killed = Killed::kNo;
  uint32_t next_process = 1;
  bool control_open = true;

  uint32_t number() const { return launched->number; }
  const plan::Room& plan() const { return launched->planned->room; }
};

// What an epoll event is about: the room's number and which of its descriptors.
enum Source : uint64_t { kReplies, kWake, kChanges, kPid, kControl };

inline uint64_t Tag(Source source, uint32_t room = 0) { return uint64_t{room} << 8 | source; }

}  // namespace rooms::watch
