#pragma once

#include <pthread.h>
#include <signal.h>

#include <functional>
#include <memory>

namespace rooms::sys {

// A thread that takes no signals (those of the process belong to Node), and whose start may fail: std::thread would end
// the process then, and a limit on processes is no reason for that.
class Thread {
 public:
  Thread() = default;
  ~Thread() { Join(); }
  Thread(Thread&& other) noexcept : thread_(other.thread_), running_(other.running_) { other.running_ = false; }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

  // 0, or the error number of pthread_create(3).
  int Start(std::function<void()> function) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    auto* owned = new std::function<void()>(std::move(function));
    int error = pthread_create(&thread_, nullptr, Run, owned);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    running_ = error == 0;
    if (!running_) delete owned;
    return error;
  }

  void Join() {
    if (running_) pthread_join(thread_, nullptr);
    running_ = false;
  }

  bool running() const { return running_; }

 private:
  static void* Run(void* argument) {
    std::unique_ptr<std::function<void()>> function(static_cast<std::function<void()>*>(argument));
    (*function)();
    return nullptr;
  }

  pthread_t thread_{};
  bool running_ = false;
};

}  // namespace rooms::sys
