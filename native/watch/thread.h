#pragma once

#include <signal.h>

#include <thread>
#include <utility>

namespace rooms::watch {

// A thread that takes no signals: those of the process belong to Node.
template <typename Function>
std::thread StartThread(Function&& function) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::forward<Function>(function));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace rooms::watch
