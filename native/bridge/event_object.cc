#include "bridge/event_object.h"

#include "bridge/fault.h"

namespace rooms::bridge {

namespace {

using Object = Napi::Object;

// In the order of launch::LaunchMark and init::Mark.
constexpr const char* kLaunchMarks[] = {"called", "taken", "blank", "plank", "prepared", "sent"};
constexpr const char* kInitMarks[] = {"told", "root", "mounts", "identity", "sealed"};
static_assert(std::size(kLaunchMarks) == launch::kLaunchMarks && std::size(kInitMarks) == init::kMarks);

// What room-init says of time may be anything; without an overflow it is a number of no consequence.
double MicrosecondsSince(int64_t start, int64_t at) {
  return static_cast<double>(static_cast<int64_t>(static_cast<uint64_t>(at) - static_cast<uint64_t>(start))) / 1000.0;
}

Object MarksObject(Napi::Env env, const launch::LaunchMarks& marks) {
  Object object = Object::New(env);
  int64_t start = marks.parent[launch::kCalled];
  auto set = [&](const char* name, int64_t at) {
    if (at != 0) object.Set(name, MicrosecondsSince(start, at));
  };
  for (size_t i = 1; i < std::size(kLaunchMarks); ++i) set(kLaunchMarks[i], marks.parent[i]);
  for (size_t i = 0; i < std::size(kInitMarks); ++i) set(kInitMarks[i], marks.init[i]);
  return object;
}

Object UsageObject(Napi::Env env, const init::Usage& usage) {
  Object object = Object::New(env);
  object.Set("userTime", static_cast<double>(usage.user_time_us));
  object.Set("systemTime", static_cast<double>(usage.system_time_us));
  object.Set("maxRss", static_cast<double>(usage.max_rss_bytes));
  object.Set("minorFaults", static_cast<double>(usage.minor_faults));
  object.Set("majorFaults", static_cast<double>(usage.major_faults));
  object.Set("voluntarySwitches", static_cast<double>(usage.voluntary_switches));
  object.Set("involuntarySwitches", static_cast<double>(usage.involuntary_switches));
  return object;
}

Napi::Value NumberOrNull(Napi::Env env, int value) {
  return value < 0 ? env.Null() : Napi::Number::New(env, value).As<Napi::Value>();
}

const char* KilledWord(watch::Killed killed) {
  switch (killed) {
    case watch::Killed::kDeadline:
      return "deadline";
    case watch::Killed::kRequest:
      return "request";
    case watch::Killed::kClose:
      return "close";
    case watch::Killed::kNo:
      break;
  }
  return nullptr;
}

void SetEnd(Napi::Env env, Object& object, const watch::End& end) {
  const char* killed = KilledWord(end.killed);
  object.Set("killed", killed ? Napi::String::New(env, killed).As<Napi::Value>() : env.Null());
  object.Set("initSignal", NumberOrNull(env, end.init_signal));
  object.Set("rusage", end.has_usage ? UsageObject(env, end.usage).As<Napi::Value>() : env.Null());
  Object report = Object::New(env);
  for (const auto& [file, text] : end.report) report.Set(file, text);
  object.Set("report", report);
  if (end.has_upper) {
    Object upper = Object::New(env);
    upper.Set("bytes", static_cast<double>(end.upper_bytes));
    upper.Set("inodes", static_cast<double>(end.upper_inodes));
    object.Set("upper", upper);
  } else {
    object.Set("upper", env.Null());
  }
  object.Set("wall", static_cast<double>(end.wall_us));
}

}  // namespace

Object EventObject(Napi::Env env, const watch::Event& event) {
  Object object = Object::New(env);
  auto type = [&](const char* word) { object.Set("type", word); };
  object.Set("room", event.room);
  switch (event.type) {
    case watch::EventType::kLaunched:
      type("launched");
      object.Set("pid", static_cast<double>(event.pid));
      object.Set("stdin", event.streams[0]);
      object.Set("stdout", event.streams[1]);
      object.Set("stderr", event.streams[2]);
      object.Set("marks", MarksObject(env, event.marks));
      break;
    case watch::EventType::kWaiting:
      type("waiting");
      object.Set("marks", MarksObject(env, event.marks));
      break;
    case watch::EventType::kLaunchFailed:
      type("launch-failed");
      object.Set("fault", FaultObject(env, event.fault));
      break;
    case watch::EventType::kStarted: {
      type("started");
      object.Set("process", event.process);
      Object marks = MarksObject(env, event.marks);
      if (event.process == 0) marks.Set("started", MicrosecondsSince(event.marks.parent[launch::kCalled], event.clock));
      object.Set("marks", marks);
      break;
    }
    case watch::EventType::kStartFailed:
      type("start-failed");
      object.Set("process", event.process);
      object.Set("fault", FaultObject(env, event.fault));
      break;
    case watch::EventType::kExited:
      type("exited");
      object.Set("process", event.process);
      object.Set("code", NumberOrNull(env, event.code));
      object.Set("signal", NumberOrNull(env, event.signal));
      object.Set("rusage", UsageObject(env, event.usage));
      break;
    case watch::EventType::kChanged:
      type("changed");
      object.Set("file", event.file);
      object.Set("text", event.text);
      break;
    case watch::EventType::kEnded:
      type("ended");
      SetEnd(env, object, event.end);
      break;
    case watch::EventType::kRemoved:
      type("removed");
      object.Set("fault", event.fault.error ? FaultObject(env, event.fault).As<Napi::Value>() : env.Null());
      break;
    case watch::EventType::kAnswer:
      break;
  }
  return object;
}

}  // namespace rooms::bridge
