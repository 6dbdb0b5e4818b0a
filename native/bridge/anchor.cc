#include "bridge/anchor.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "bridge/arguments.h"
#include "bridge/background.h"
#include "bridge/event_object.h"
#include "bridge/fault.h"
#include "bridge/read_plan.h"
#include "watch/cgroup_files.h"
#include "watch/room_file.h"

namespace rooms::bridge {

namespace {

void Throw(Napi::Env env, const sys::Fault& fault) { FaultError(env, fault).ThrowAsJavaScriptException(); }

}  // namespace

Napi::Function Anchor::Define(Napi::Env env) {
  return DefineClass(env, "Anchor",
                     {InstanceMethod<&Anchor::Launch>("launch"),
                      InstanceMethod<&Anchor::Run>("run"),
                      InstanceMethod<&Anchor::Exec>("exec"),
                      InstanceMethod<&Anchor::Look>("look"),
                      InstanceMethod<&Anchor::Signal>("signal"),
                      InstanceMethod<&Anchor::Kill>("kill"),
                      InstanceMethod<&Anchor::SetDeadline>("setDeadline"),
                      InstanceMethod<&Anchor::Freeze>("freeze"),
                      InstanceMethod<&Anchor::OpenBelow>("openBelow"),
                      InstanceMethod<&Anchor::Own>("own"),
                      InstanceMethod<&Anchor::Discard>("discard"),
                      InstanceMethod<&Anchor::Resize>("resize"),
                      InstanceMethod<&Anchor::Prepare>("prepare"),
                      InstanceMethod<&Anchor::OpenPlank>("openPlank"),
                      InstanceMethod<&Anchor::ProbeIdmap>("probeIdmap"),
                      InstanceMethod<&Anchor::ReadPlankFile>("readPlankFile"),
                      InstanceMethod<&Anchor::Ref>("ref"),
                      InstanceMethod<&Anchor::ReleasePlanks>("releasePlanks"),
                      InstanceMethod<&Anchor::Unref>("unref"),
                      InstanceMethod<&Anchor::Close>("close")});
}

Anchor::Anchor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Anchor>(info) {
  Napi::Env env = info.Env();
  launch::AnchorPlan plan;
  std::string mistake;
  if (!ReadAnchor(Text(info, 0), plan, mistake)) {
    ThrowMistake(env, mistake);
    return;
  }
  if (!info[1].IsFunction()) {
    ThrowMistake(env, "onEvent: expected a function");
    return;
  }
  on_event_ = Napi::Persistent(info[1].As<Napi::Function>());
  queue_ = EventQueue::Open(env, [this](Napi::Env env, const watch::Event& event) {
    for (int fd : event.streams)
      if (fd >= 0) lent_.insert(fd);
    on_event_.Call({EventObject(env, event)});
  });
  if (!queue_) {
    ThrowMistake(env, "the environment is being torn down");
    return;
  }
  watcher_ = std::make_shared<watch::Watcher>();
  sys::Fault fault;
  auto post = [queue = queue_](watch::Event event) { queue->Post(std::move(event)); };
  if (watcher_->Start(plan, post, fault)) return;
  watcher_.reset();
  queue_->Close();
  Throw(env, fault);
}

// Reached by garbage collection of a forgotten Anchor and at the end of the environment: rooms do not outlive it.
Anchor::~Anchor() {
  if (queue_) queue_->Close();
  if (watcher_) watcher_->Close();
  for (int fd : lent_) close(fd);
}

bool Anchor::Closed(Napi::Env env) {
  if (watcher_) return false;
  sys::Fault fault;
  sys::Fail(fault, "anchor.closed", "", ESHUTDOWN);
  Throw(env, fault);
  return true;
}

Napi::Value Anchor::Launch(const Napi::CallbackInfo& info) {
  std::string mistake;
  std::unique_ptr<launch::PlannedRoom> planned = ReadRoom(Text(info, 0), Bytes(info, 1), false, mistake);
  if (!planned) return ThrowMistake(info.Env(), mistake), info.Env().Undefined();
  if (Closed(info.Env())) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), watcher_->Launch(std::move(planned)));
}

template <typename Start>
Napi::Value Anchor::StartProcess(const Napi::CallbackInfo& info, Start start) {
  Napi::Env env = info.Env();
  plan::Arena arena;
  plan::Process process{};
  std::string mistake;
  if (!ReadProcess(Text(info, 1), arena, process, mistake)) return ThrowMistake(env, mistake), env.Undefined();
  if (Closed(env)) return env.Undefined();
  int streams[3] = {-1, -1, -1};
  uint32_t number = 0;
  sys::Fault fault;
  if (!start(process, number, streams, fault)) return Throw(env, fault), env.Undefined();
  for (int fd : streams)
    if (fd >= 0) lent_.insert(fd);
  Napi::Object result = Napi::Object::New(env);
  result.Set("process", number);
  result.Set("stdin", streams[0]);
  result.Set("stdout", streams[1]);
  result.Set("stderr", streams[2]);
  return result;
}

Napi::Value Anchor::Run(const Napi::CallbackInfo& info) {
  return StartProcess(info, [&](const plan::Process& process, uint32_t&, int(&streams)[3], sys::Fault& fault) {
    return watcher_->RunCommand(Number(info, 0), process, Milliseconds(info, 2), streams, fault);
  });
}

Napi::Value Anchor::Exec(const Napi::CallbackInfo& info) {
  return StartProcess(info, [&](const plan::Process& process, uint32_t& number, int(&streams)[3], sys::Fault& fault) {
    return watcher_->Exec(Number(info, 0), process, number, streams, fault);
  });
}

void Anchor::Look(const Napi::CallbackInfo& info) {
  // A listener may close the Anchor.
  std::shared_ptr<watch::Watcher> watcher = watcher_;
  if (watcher) queue_->Collect(info.Env(), [&] { watcher->Look(Number(info, 0)); });
}

void Anchor::Signal(const Napi::CallbackInfo& info) {
  if (Closed(info.Env())) return;
  sys::Fault fault;
  if (!watcher_->Signal(Number(info, 0), Number(info, 1), static_cast<int>(Number(info, 2)), fault))
    Throw(info.Env(), fault);
}

void Anchor::Kill(const Napi::CallbackInfo& info) {
  if (watcher_) watcher_->Kill(Number(info, 0), watch::Killed::kRequest);
}

void Anchor::SetDeadline(const Napi::CallbackInfo& info) {
  if (Closed(info.Env())) return;
  watcher_->SetDeadline(Number(info, 0), Milliseconds(info, 1));
}

Napi::Value Anchor::Freeze(const Napi::CallbackInfo& info) {
  if (Closed(info.Env())) return info.Env().Undefined();
  std::string leaf = watcher_->Cgroup(Number(info, 0));
  bool frozen = info[1].ToBoolean();
  return Background::Run(info.Env(), [leaf, frozen](sys::Fault& fault) -> int64_t {
    if (leaf.empty()) return sys::Fail(fault, "room.ended", "", ESRCH), 0;
    return watch::Freeze(leaf, frozen, fault);
  });
}

Napi::Value Anchor::OpenBelow(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env)) return env.Undefined();
  sys::Fault fault;
  int root = watcher_->OpenRoot(Number(info, 0), fault);
  if (root < 0) return Throw(env, fault), env.Undefined();
  auto owned = std::make_shared<sys::UniqueFd>(root);
  std::string path = Text(info, 1);
  uint64_t flags = Number(info, 2), mode = Number(info, 3);
  return Background::Run(env, [owned, path, flags, mode](sys::Fault& fault) -> int64_t {
    return watch::OpenRoomFile(owned->get(), path.c_str(), flags, mode, fault);
  });
}

void Anchor::Own(const Napi::CallbackInfo& info) { lent_.erase(Descriptor(info, 0)); }

void Anchor::Discard(const Napi::CallbackInfo& info) {
  int fd = Descriptor(info, 0);
  if (lent_.erase(fd) > 0) close(fd);
}

void Anchor::Resize(const Napi::CallbackInfo& info) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(Number(info, 1));
  size.ws_row = static_cast<unsigned short>(Number(info, 2));
  sys::Fault fault;
  if (ioctl(Descriptor(info, 0), TIOCSWINSZ, &size) < 0) {
    sys::Fail(fault, "pty.resize", "ioctl", errno);
    Throw(info.Env(), fault);
  }
}

launch::Answered Anchor::Settling(Napi::Promise::Deferred deferred, const Settle& settle, bool holding) {
  // Runs on the watcher thread; the promise belongs to the JS thread.
  if (holding) queue_->Hold(deferred.Env());
  return [queue = queue_, deferred, settle, holding](launch::Answer answer) {
    watch::Event event{watch::EventType::kAnswer};
    event.answer = [queue, deferred, settle, holding, answer = std::move(answer)] {
      Napi::Env env = deferred.Env();
      if (holding) queue->Release(env);
      if (answer.fault.error)
        deferred.Reject(FaultError(env, answer.fault).Value());
      else
        deferred.Resolve(settle(env, answer));
    };
    queue->Post(std::move(event));
  };
}

Napi::Value Anchor::Prepare(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string mistake;
  std::unique_ptr<launch::PlannedRoom> blank = ReadBlank(Text(info, 0), mistake);
  if (!blank) return ThrowMistake(env, mistake), env.Undefined();
  if (Closed(env)) return env.Undefined();
  auto deferred = Napi::Promise::Deferred::New(env);
  // Nobody waits for it: a program may end while blank rooms are made.
  auto answered = Settling(
      deferred, [](Napi::Env env, const launch::Answer&) { return env.Undefined(); }, false);
  watcher_->Submit(std::make_unique<launch::PrepareJob>(std::move(blank), answered),
                   launch::Launchers::Lane::kPreparations);
  return deferred.Promise();
}

Napi::Value Anchor::OpenPlank(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string mistake;
  std::unique_ptr<launch::PlannedRoom> lower = ReadLower(Text(info, 0), mistake);
  if (!lower) return ThrowMistake(env, mistake), env.Undefined();
  if (Closed(env)) return env.Undefined();
  auto deferred = Napi::Promise::Deferred::New(env);
  auto answered = Settling(deferred, [](Napi::Env env, const launch::Answer& answer) -> Napi::Value {
    Napi::Object result = Napi::Object::New(env);
    result.Set("idmap", answer.yes);
    return result;
  });
  watcher_->Submit(std::make_unique<launch::OpenPlankJob>(std::move(lower), answered));
  return deferred.Promise();
}

Napi::Value Anchor::ProbeIdmap(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env)) return env.Undefined();
  auto deferred = Napi::Promise::Deferred::New(env);
  auto answered = Settling(deferred, [](Napi::Env env, const launch::Answer& answer) -> Napi::Value {
    return Napi::Boolean::New(env, answer.yes);
  });
  watcher_->Submit(std::make_unique<launch::ProbeIdmapJob>(Text(info, 0), answered));
  return deferred.Promise();
}

Napi::Value Anchor::ReadPlankFile(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  std::string mistake;
  std::unique_ptr<launch::PlannedRoom> lower = ReadLower(Text(info, 0), mistake);
  if (!lower) return ThrowMistake(env, mistake), env.Undefined();
  if (Closed(env)) return env.Undefined();
  auto deferred = Napi::Promise::Deferred::New(env);
  auto answered = Settling(deferred, [](Napi::Env env, const launch::Answer& answer) -> Napi::Value {
    if (!answer.found) return env.Null();
    Napi::Uint8Array bytes = Napi::Uint8Array::New(env, answer.bytes.size());
    // There is none when the thread is being terminated: nothing can be made then that could run code.
    if (bytes.IsEmpty()) return bytes;
    std::copy(answer.bytes.begin(), answer.bytes.end(), bytes.Data());
    return bytes;
  });
  watcher_->Submit(
      std::make_unique<launch::ReadPlankFileJob>(std::move(lower), Text(info, 1), Number(info, 2), answered));
  return deferred.Promise();
}

Napi::Value Anchor::ReleasePlanks(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env)) return env.Undefined();
  auto deferred = Napi::Promise::Deferred::New(env);
  // Nobody waits for it, and no spawn shall.
  auto answered = Settling(
      deferred,
      [](Napi::Env env, const launch::Answer& answer) -> Napi::Value {
        if (!answer.found) return env.Null();
        return Napi::Number::New(env, static_cast<double>(answer.milliseconds));
      },
      false);
  watcher_->Submit(std::make_unique<launch::ReleasePlanksJob>(Milliseconds(info, 0), answered),
                   launch::Launchers::Lane::kPreparations);
  return deferred.Promise();
}

void Anchor::Ref(const Napi::CallbackInfo& info) {
  if (!held_) queue_->Hold(info.Env());
  held_ = true;
}

void Anchor::Unref(const Napi::CallbackInfo& info) {
  if (held_) queue_->Release(info.Env());
  held_ = false;
}

Napi::Value Anchor::Close(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  // Off the JS thread: it waits for the last room, and the events of that must still be delivered.
  std::shared_ptr<watch::Watcher> watcher = std::move(watcher_);
  return Background::Run(env, [this, watcher, queue = queue_](sys::Fault&) -> int64_t {
    if (!watcher) return 0;
    watcher->Close();
    // No event comes after this one. The listener leads back to this object: while we hold it, neither is ever
    // collected.
    watch::Event last{watch::EventType::kAnswer};
    last.answer = [this] { on_event_.Reset(); };
    queue->Post(std::move(last));
    return 0;
  });
}

}  // namespace rooms::bridge
