#include "bridge/event_queue.h"

#include <unistd.h>

namespace rooms::bridge {

std::shared_ptr<EventQueue> EventQueue::Open(Napi::Env env, Deliver deliver) {
  auto queue = std::make_shared<EventQueue>();
  queue->deliver_ = std::move(deliver);
  // The function keeps the queue until Node is done with it: after Close(), or before it when the environment ends.
  auto* self = new std::shared_ptr<EventQueue>(queue);
  auto finalize = [](napi_env, void* data, void*) {
    auto* owner = static_cast<std::shared_ptr<EventQueue>*>(data);
    (*owner)->Abandon();
    delete owner;
  };
  napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "anchor-rooms"), 0,
                                                       1, self, finalize, queue.get(), Drain, &queue->function_);
  if (status != napi_ok) {
    delete self;
    return nullptr;
  }
  napi_unref_threadsafe_function(env, queue->function_);
  return queue;
}

void EventQueue::Post(watch::Event event) {
  std::lock_guard lock(mutex_);
  if (closed_) return Dispose(event);
  events_.push_back(std::move(event));
  if (awake_) return;
  awake_ = true;
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void EventQueue::Drain(napi_env env, napi_value, void* context, void*) {
  // What Node still has queued when it lets go of the function comes without an environment, after `finalize`: the
  // queue may be gone, and what was in it is disposed of.
  if (env == nullptr) return;
  std::shared_ptr<EventQueue> queue = static_cast<EventQueue*>(context)->shared_from_this();
  std::vector<watch::Event> events;
  {
    std::lock_guard lock(queue->mutex_);
    events.swap(queue->events_);
    queue->awake_ = false;
  }
  for (watch::Event& event : events) {
    Napi::HandleScope scope(env);
    if (event.type == watch::EventType::kAnswer)
      event.answer();
    else
      queue->deliver_(Napi::Env(env), event);
    // A listener that throws is the program's uncaught exception, and no reason to keep the rest from others.
    if (Napi::Env(env).IsExceptionPending())
      napi_fatal_exception(env, Napi::Env(env).GetAndClearPendingException().Value());
  }
}

void EventQueue::Collect(Napi::Env env, const std::function<void()>& look) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    awake_ = true;  // nobody need wake this thread
  }
  look();
  Drain(env, nullptr, this, nullptr);
}

void EventQueue::Dispose(watch::Event& event) {
  for (int fd : event.streams)
    if (fd >= 0) close(fd);
}

void EventQueue::Hold(Napi::Env env) {
  if (!closed_ && holders_++ == 0) napi_ref_threadsafe_function(env, function_);
}

void EventQueue::Release(Napi::Env env) {
  if (!closed_ && --holders_ == 0) napi_unref_threadsafe_function(env, function_);
}

void EventQueue::Close() {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
  }
  Abandon();
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
}

void EventQueue::Abandon() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  for (watch::Event& event : events_) Dispose(event);
  events_.clear();
}

}  // namespace rooms::bridge
