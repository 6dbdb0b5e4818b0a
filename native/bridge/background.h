#pragma once

#include <napi.h>

#include <functional>

#include "bridge/fault.h"

namespace rooms::bridge {

// A short piece of work on libuv's pool that resolves a promise with a number, or rejects it with a fault.
class Background : public Napi::AsyncWorker {
 public:
  using Work = std::function<int64_t(sys::Fault&)>;

  static Napi::Value Run(Napi::Env env, Work work) {
    auto* background = new Background(env, std::move(work));
    Napi::Value promise = background->deferred_.Promise();
    background->Queue();
    return promise;
  }

  void Execute() override { result_ = work_(fault_); }

  void OnOK() override {
    if (fault_.error)
      deferred_.Reject(FaultError(Env(), fault_).Value());
    else
      deferred_.Resolve(Napi::Number::New(Env(), static_cast<double>(result_)));
  }

 private:
  Background(Napi::Env env, Work work)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)) {}

  Napi::Promise::Deferred deferred_;
  Work work_;
  sys::Fault fault_;
  int64_t result_ = 0;
};

}  // namespace rooms::bridge
