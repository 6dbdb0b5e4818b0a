#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "init/protocol.h"
#include "launch/room_job.h"
#include "sys/fault.h"

namespace rooms::watch {

enum class EventType {
  kLaunched,
  kWaiting,
  kLaunchFailed,
  kStarted,
  kStartFailed,
  kExited,
  kChanged,
  kEnded,
  kRemoved,
  kAnswer
};

enum class Killed { kNo, kDeadline, kRequest, kClose };

// How a room ended, read off the moment it did.
struct End {
  Killed killed = Killed::kNo;
  int init_signal = -1;
  bool has_usage = false;
  init::Usage usage{};
  std::vector<std::pair<std::string, std::string>> report{};
  bool has_upper = false;
  int64_t upper_bytes = 0;
  int64_t upper_inodes = 0;
  int64_t wall_us = 0;
};

// types/event.d.ts. Only the members that belong to `type` are filled.
struct Event {
  EventType type;
  uint32_t room = 0;
  uint32_t process = 0;
  sys::Fault fault{};
  long pid = -1;
  int streams[3] = {-1, -1, -1};
  launch::LaunchMarks marks{};
  int64_t clock = 0;  // started: when
  int code = -1;
  int signal = -1;
  init::Usage usage{};
  std::string file{}, text{};
  End end{};
  std::function<void()> answer{};  // kAnswer: to be called on the JS thread
};

// Takes events from any thread.
using Post = std::function<void(Event)>;

}  // namespace rooms::watch
