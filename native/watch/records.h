#pragma once

#include <stddef.h>

#include <map>

#include "watch/event.h"

namespace rooms::watch {

// What a room-init may still say. It lives beside hostile programs: should one of them ever speak with its voice, no
// word may mean another process, an earlier moment or another thing than what was asked for.
class Records {
 public:
  enum class Meaning { kNothing, kNews, kNonsense };

  Records() { Expect(0); }

  // A process that was asked for: it starts and ends once, or fails to start.
  void Expect(uint32_t process) {
    asked_ |= process == 0;
    expected_[process] = false;
  }
  void Forget(uint32_t process) { expected_.erase(process); }

  // The room has no command yet: all that can be said of it is that it waits, or could not be put together. Expect(0)
  // ends that. Other processes may run before the command does.
  void Wait() { asked_ = false; }
  bool waiting() const { return !asked_ && assembled_; }

  // One message as it came. `event` is filled for kNews; after kNonsense it is not room-init any more that speaks.
  Meaning Read(const void* bytes, size_t size, const plan::Room& plan, const launch::LaunchMarks& marks, Event& event);

 private:
  bool Assembled(const init::Record& record, const launch::LaunchMarks& marks, Event& event);
  bool Started(const init::Record& record, const launch::LaunchMarks& marks, Event& event);
  bool Failed(const init::Record& record, const plan::Room& plan, Event& event);
  bool Exited(const init::Record& record, Event& event);

  std::map<uint32_t, bool> expected_;  // whether it has started
  bool furnished_ = false;
  bool assembled_ = false;
  bool asked_ = true;
};

}  // namespace rooms::watch
