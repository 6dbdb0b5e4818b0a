#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <vector>

#include "watch/event.h"

namespace rooms::bridge {

// Carries events of other threads to the JS thread, in order, with one wake-up for as many as are there.
class EventQueue : public std::enable_shared_from_this<EventQueue> {
 public:
  using Deliver = std::function<void(Napi::Env, const watch::Event&)>;

  static std::shared_ptr<EventQueue> Open(Napi::Env env, Deliver deliver);

  // From any thread. Events after Close() are dropped, with their descriptors closed.
  void Post(watch::Event event);

  // JS thread only. The queue keeps Node alive while somebody holds it.
  void Hold(Napi::Env env);
  void Release(Napi::Env env);
  void Close();

  // Delivers what waits, and all that `look` posts, at once instead of in a later turn of the event loop.
  void Collect(Napi::Env env, const std::function<void()>& look);

 private:
  void Abandon();
  static void Drain(napi_env env, napi_value callback, void* context, void* data);
  static void Dispose(watch::Event& event);

  napi_threadsafe_function function_ = nullptr;
  Deliver deliver_;
  std::mutex mutex_;
  std::vector<watch::Event> events_;
  unsigned holders_ = 0;
  bool awake_ = false;
  bool closed_ = false;
};

}  // namespace rooms::bridge
