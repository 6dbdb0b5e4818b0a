#include "watch/janitor.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sys/raw.h"
#include "watch/thread.h"

namespace rooms::watch {

namespace {

// After the last process is gone the kernel still needs moments to see its cgroup as empty; EBUSY means: not yet.
int RemoveCgroup(const std::string& path) {
  constexpr long kPauseNs = 500'000;
  constexpr int kAttempts = 10'000;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (rmdir(path.c_str()) == 0 || errno == ENOENT) return 0;
    if (errno != EBUSY) return errno;
    timespec pause{0, kPauseNs};
    nanosleep(&pause, nullptr);
  }
  return EBUSY;
}

}  // namespace

void Janitor::Start(Post post) {
  post_ = std::move(post);
  thread_ = StartThread([this] { Run(); });
}

void Janitor::Add(Remains remains) {
  std::lock_guard lock(mutex_);
  work_.push_back(std::move(remains));
  changed_.notify_one();
}

void Janitor::Run() {
  pthread_setname_np(pthread_self(), "anchor-janitor");
  setpriority(PRIO_PROCESS, static_cast<id_t>(sys::Raw(__NR_gettid)), 10);
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (work_.empty()) return;
    Remains remains = std::move(work_.front());
    work_.pop_front();
    lock.unlock();

    Event event{EventType::kRemoved};
    event.room = remains.room;
    remains.upper.reset();
    int error = remains.cgroup.empty() ? 0 : RemoveCgroup(remains.cgroup);
    if (error != 0) sys::Fail(event.fault, "cgroup.remove", "rmdir", error, remains.cgroup);
    post_(std::move(event));
  }
}

void Janitor::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace rooms::watch
