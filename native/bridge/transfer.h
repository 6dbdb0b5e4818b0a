#pragma once

#include <napi.h>

#include <memory>

#include "bridge/event_queue.h"
#include "copy/transfer.h"
#include "sys/thread.h"

namespace rooms::bridge {

// types/addon.d.ts NativeTransfer: a transfer on a thread of its own, because it may take an hour and libuv has four.
class Transfer : public Napi::ObjectWrap<Transfer> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit Transfer(const Napi::CallbackInfo& info);
  // At the end of the environment it may still run: that is its end as well.
  ~Transfer() override;

 private:
  Napi::Value Run(const Napi::CallbackInfo& info);
  Napi::Value Progress(const Napi::CallbackInfo& info);
  void Cancel(const Napi::CallbackInfo& info);

  std::shared_ptr<copy::Transfer> transfer_;
  std::shared_ptr<EventQueue> queue_;
  sys::Thread thread_;
};

}  // namespace rooms::bridge
