#pragma once

#include <napi.h>

#include <memory>
#include <set>

#include "bridge/event_queue.h"
#include "launch/small_jobs.h"
#include "watch/watcher.h"

namespace rooms::bridge {

// types/addon.d.ts NativeAnchor.
class Anchor : public Napi::ObjectWrap<Anchor> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit Anchor(const Napi::CallbackInfo& info);
  ~Anchor() override;

 private:
  Napi::Value Launch(const Napi::CallbackInfo& info);
  Napi::Value Run(const Napi::CallbackInfo& info);
  Napi::Value Exec(const Napi::CallbackInfo& info);
  void Look(const Napi::CallbackInfo& info);
  void Signal(const Napi::CallbackInfo& info);
  void Kill(const Napi::CallbackInfo& info);
  void SetDeadline(const Napi::CallbackInfo& info);
  Napi::Value Freeze(const Napi::CallbackInfo& info);
  Napi::Value OpenBelow(const Napi::CallbackInfo& info);
  void Own(const Napi::CallbackInfo& info);
  void Discard(const Napi::CallbackInfo& info);
  void Resize(const Napi::CallbackInfo& info);
  Napi::Value Prepare(const Napi::CallbackInfo& info);
  Napi::Value OpenPlank(const Napi::CallbackInfo& info);
  Napi::Value ProbeIdmap(const Napi::CallbackInfo& info);
  Napi::Value ReadPlankFile(const Napi::CallbackInfo& info);
  Napi::Value ReleasePlanks(const Napi::CallbackInfo& info);
  void Ref(const Napi::CallbackInfo& info);
  void Unref(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  bool Closed(Napi::Env env);
  // The descriptors of its streams are lent to JS.
  template <typename Start>
  Napi::Value StartProcess(const Napi::CallbackInfo& info, Start start);

  // The answer to a job, settled on the JS thread as `settle` says. `holding`: Node stays alive for it.
  using Settle = std::function<Napi::Value(Napi::Env, const launch::Answer&)>;
  launch::Answered Settling(Napi::Promise::Deferred deferred, const Settle& settle, bool holding = true);

  std::shared_ptr<EventQueue> queue_;
  std::shared_ptr<watch::Watcher> watcher_;
  Napi::FunctionReference on_event_;
  bool held_ = false;  // by ref() of the caller
  // Descriptors that JS was told of and has not taken over; a worker thread may end before it does.
  std::set<int> lent_;
};

}  // namespace rooms::bridge
