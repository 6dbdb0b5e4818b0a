#include "bridge/event_queue.h"

#include <unistd.h>

#include <iterator>

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
  Wake();
}

void EventQueue::Wake() {
  if (awake_) return;
  awake_ = true;
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void EventQueue::Drain(napi_env env, napi_value, void* context, void*) {
  std::shared_ptr<EventQueue> queue = static_cast<EventQueue*>(context)->shared_from_this();
  std::vector<watch::Event> events;
  {
    std::lock_guard lock(queue->mutex_);
    events.swap(queue->events_);
    queue->awake_ = false;
  }
  for (size_t i = 0; i < events.size(); ++i) {
    if (env == nullptr) {
      Dispose(events[i]);  // the environment is being torn down
      continue;
    }
    Napi::HandleScope scope(env);
    if (events[i].type == watch::EventType::kAnswer)
      events[i].answer();
    else
      queue->deliver_(Napi::Env(env), events[i]);
    if (!Napi::Env(env).IsExceptionPending()) continue;
    // Node reports it when this returns; what comes after must not be lost with it.
    std::lock_guard lock(queue->mutex_);
    auto rest = std::make_move_iterator(events.begin() + static_cast<ptrdiff_t>(i) + 1);
    queue->events_.insert(queue->events_.begin(), rest, std::make_move_iterator(events.end()));
    if (!queue->events_.empty() && !queue->closed_) queue->Wake();
    return;
  }
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
