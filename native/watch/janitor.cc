#include "watch/janitor.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sys/cgroup_directory.h"
#include "sys/raw.h"

namespace rooms::watch {

int Janitor::Start(Post post) {
  post_ = std::move(post);
  return thread_.Start([this] { Run(); });
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

    constexpr int kPatienceMs = 10'000;
    Event event{remains.failure.error ? EventType::kLaunchFailed : EventType::kRemoved};
    event.room = remains.room;
    event.fault = remains.failure;
    if (remains.unreaped > 0) waitpid(static_cast<pid_t>(remains.unreaped), nullptr, __WALL);
    remains.upper.reset();
    remains.mounts.reset();
    int error = remains.cgroup.empty() ? 0 : sys::RemoveCgroup(AT_FDCWD, remains.cgroup.c_str(), kPatienceMs);
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
  thread_.Join();
}

}  // namespace rooms::watch
