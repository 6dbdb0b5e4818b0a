// What a hostile room could say in the name of its room-init (native/watch/records.h). Whatever it says, what comes out
// is about a process that was asked for, in the order start, end, with names that are names.
//
// Input: steps. 0 n: process n is asked for. 1 n: it is not, after all. Else: n, n bytes of a message.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>

#include "watch/records.h"

using namespace rooms;

namespace {

#define EXPECT(condition)                                                   \
  do {                                                                      \
    if (!(condition)) fprintf(stderr, "not so: %s\n", #condition), abort(); \
  } while (0)

struct State {
  bool started = false;
};

void CheckName(const std::string& name, size_t most) {
  EXPECT(!name.empty() && name.size() <= most);
  for (char c : name) EXPECT(strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", c) != nullptr);
}

void CheckNews(const watch::Event& event, const plan::Room& plan, std::map<uint32_t, State>& asked) {
  auto found = asked.find(event.process);
  EXPECT(found != asked.end());
  switch (event.type) {
    case watch::EventType::kStarted:
      EXPECT(!found->second.started);
      found->second.started = true;
      return;
    case watch::EventType::kStartFailed:
      EXPECT(!found->second.started);
      EXPECT(event.fault.error > 0 && event.fault.error < 4096);
      CheckName(event.fault.step, sizeof init::Failure::step);
      CheckName(event.fault.syscall, sizeof init::Failure::syscall);
      EXPECT(event.fault.path.empty() || event.fault.path == plan.blank.mounts[0].target ||
             event.fault.path == plan.mounts[0].target);
      break;
    case watch::EventType::kExited:
      EXPECT(found->second.started);
      EXPECT((event.code == -1) != (event.signal == -1));
      EXPECT(event.code >= -1 && event.code < 256 && event.signal >= -1 && event.signal < 65 && event.signal != 0);
      break;
    default:
      EXPECT(false);
  }
  asked.erase(found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plan::Mount kernel_mount{}, mount{};
  kernel_mount.target = "/proc";
  mount.target = "/data";
  plan::Room plan{};
  plan.blank.mounts = {&kernel_mount, 1};
  plan.mounts = {&mount, 1};
  launch::LaunchMarks marks;
  watch::Records records;
  std::map<uint32_t, State> asked{{0, {}}};
  bool waits = false, waiting = false;
  for (const uint8_t *at = data, *end = data + size; end - at >= 2;) {
    uint8_t step = *at++, value = *at++;
    if (step == 0) {
      records.Expect(value);
      asked[value] = {};
      waits = waits && value != 0;
    } else if (step == 1) {
      records.Forget(value);
      asked.erase(value);
    } else if (step == 3) {
      records.Wait();
      waits = true;
    } else {
      size_t length = value < end - at ? value : static_cast<size_t>(end - at);
      watch::Event event{watch::EventType::kRemoved};
      watch::Records::Meaning meaning = records.Read(at, length, plan, marks, event);
      at += length;
      if (meaning == watch::Records::Meaning::kNonsense) return 0;  // the room is killed
      if (meaning != watch::Records::Meaning::kNews) continue;
      if (event.type == watch::EventType::kWaiting) {
        EXPECT(waits && !waiting);
        waiting = true;
        continue;
      }
      EXPECT(!waits || event.process != 0 || event.type != watch::EventType::kStarted);
      CheckNews(event, plan, asked);
    }
  }
  return 0;
}
