#include "watch/records.h"

#include <string.h>

#include "launch/room_failure.h"

namespace rooms::watch {

namespace {

constexpr int kMaxErrno = 4095;
constexpr int kMaxStatus = 255;
constexpr int kMaxSignal = 64;

// Names of steps and system calls end up in messages for people, so they are names and no escape sequences.
bool IsName(const std::string& text) {
  for (char c : text)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_')) return false;
  return !text.empty();
}

}  // namespace

Records::Meaning Records::Read(const void* bytes, size_t size, const plan::Room& plan, const launch::LaunchMarks& marks,
                               Event& event) {
  init::Record record;
  if (size != sizeof record) return Meaning::kNonsense;
  memcpy(&record, bytes, sizeof record);
  event.process = record.process;
  bool good = false;
  switch (record.kind) {
    case init::RecordKind::kFurnished:
      // Whoever put the room together may have read it before.
      if (std::exchange(furnished_, true)) return Meaning::kNonsense;
      return Meaning::kNothing;
    case init::RecordKind::kAssembled:
      good = Assembled(record, marks, event);
      break;
    case init::RecordKind::kStarted:
      good = Started(record, marks, event);
      break;
    case init::RecordKind::kFailed:
      good = Failed(record, plan, event);
      break;
    case init::RecordKind::kExited:
      good = Exited(record, event);
      break;
  }
  return good ? Meaning::kNews : Meaning::kNonsense;
}

bool Records::Assembled(const init::Record& record, const launch::LaunchMarks& marks, Event& event) {
  if (asked_ || std::exchange(assembled_, true)) return false;
  event.type = EventType::kWaiting;
  event.marks = marks;
  memcpy(event.marks.init, record.marks, sizeof record.marks);
  return true;
}

bool Records::Started(const init::Record& record, const launch::LaunchMarks& marks, Event& event) {
  auto found = expected_.find(record.process);
  if (found == expected_.end() || found->second) return false;
  if (record.process == 0 && !asked_) return false;
  found->second = true;
  event.type = EventType::kStarted;
  event.clock = record.clock;
  if (record.process != 0) return true;
  event.marks = marks;
  memcpy(event.marks.init, record.marks, sizeof record.marks);
  return true;
}

bool Records::Failed(const init::Record& record, const plan::Room& plan, Event& event) {
  auto found = expected_.find(record.process);
  if (found == expected_.end() || found->second) return false;
  if (record.failure.error < 1 || record.failure.error > kMaxErrno) return false;
  event.type = EventType::kStartFailed;
  launch::DescribeFailure(record.failure, plan.blank.mounts, plan.mounts, event.fault);
  if (!IsName(event.fault.step) || !IsName(event.fault.syscall)) return false;
  expected_.erase(found);
  return true;
}

bool Records::Exited(const init::Record& record, Event& event) {
  auto found = expected_.find(record.process);
  if (found == expected_.end() || !found->second) return false;
  bool status = record.signal == -1 && record.code >= 0 && record.code <= kMaxStatus;
  bool signal = record.code == -1 && record.signal >= 1 && record.signal <= kMaxSignal;
  if (!status && !signal) return false;
  event.type = EventType::kExited;
  event.code = record.code;
  event.signal = record.signal;
  event.usage = record.usage;
  expected_.erase(found);
  return true;
}

}  // namespace rooms::watch
