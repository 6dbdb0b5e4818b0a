#include "watch/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>

#include "sys/clock.h"
#include "watch/room.h"

namespace rooms::watch {

namespace {

bool Add(int epoll, int fd, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

Watcher::Watcher() = default;

Watcher::~Watcher() { Close(); }

bool Watcher::Start(const launch::AnchorPlan& plan, Post post, sys::Fault& fault) {
  post_ = std::move(post);
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return sys::Fail(fault, "watcher", "epoll_create1", errno);
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return sys::Fail(fault, "watcher", "eventfd", errno);
  inotify_.reset(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_) return sys::Fail(fault, "watcher", "inotify_init1", errno);
  devices_.reset(open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!devices_) return sys::Fail(fault, "watcher", "open", errno, "/dev");
  if (!launchers_.Start(plan, fault)) return false;
  if (!Add(epoll_.get(), launchers_.replies(), Tag(kReplies)) || !Add(epoll_.get(), wake_.get(), Tag(kWake)) ||
      !Add(epoll_.get(), inotify_.get(), Tag(kChanges)))
    return sys::Fail(fault, "watcher", "epoll_ctl", errno);
  int error = janitor_.Start([this](Event event) {
    Emit(std::move(event));
    std::lock_guard lock(mutex_);
    --removals_;
    quiet_.notify_all();
  });
  if (error == 0) error = thread_.Start([this] { Run(); });
  return error == 0 ? true : sys::Fail(fault, "watcher", "pthread_create", error);
}

uint32_t Watcher::Launch(std::unique_ptr<launch::PlannedRoom> planned) {
  uint32_t number;
  {
    std::lock_guard lock(mutex_);
    number = next_room_++;
    pending_[number] = Killed::kNo;
  }
  using Lane = launch::Launchers::Lane;
  Lane lane = planned->room.waits ? Lane::kPreparations : Lane::kSpawns;
  Submit(std::make_unique<launch::RoomJob>(number, std::move(planned), *this), lane);
  return number;
}

void Watcher::Submit(std::unique_ptr<launch::Job> job, launch::Launchers::Lane lane) {
  {
    std::lock_guard lock(mutex_);
    ++jobs_;
  }
  if (!launchers_.Submit(std::move(job), lane)) Wake();
}

void Watcher::Wake() {
  uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof one);
}

void Watcher::Run() {
  pthread_setname_np(pthread_self(), "anchor-watch");
  for (;;) {
    int timeout = EnforceDeadlines();
    // What waits goes with the next reply; but there need not be one when memory was short.
    constexpr int kRetryMs = 10;
    if (!launchers_.Flush() && (timeout < 0 || timeout > kRetryMs)) timeout = kRetryMs;
    epoll_event events[64];
    int count = epoll_wait(epoll_.get(), events, 64, timeout);
    for (int i = 0; i < count; ++i) {
      uint32_t number = static_cast<uint32_t>(events[i].data.u64 >> 8);
      switch (static_cast<Source>(events[i].data.u64 & 0xff)) {
        case kReplies:
          FinishJobs();
          break;
        case kWake: {
          uint64_t ignored;
          (void)!read(wake_.get(), &ignored, sizeof ignored);
          break;
        }
        case kChanges:
          ReadChanges();
          break;
        case kControl:
          if (Room* room = Find(number)) ReadControl(*room);
          break;
        case kPid:
          EndRoom(number);
          break;
      }
    }
    std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

void Watcher::FinishJobs() {
  for (;;) {
    launch::JobFds fds;
    std::unique_ptr<launch::Job> job = launchers_.Receive(fds);
    if (!job) return;
    job->Finish(fds);
    job.reset();
    std::lock_guard lock(mutex_);
    --jobs_;
    quiet_.notify_all();
  }
}

void Watcher::Launched(std::unique_ptr<launch::LaunchedRoom> launched) {
  uint32_t number = launched->number;
  if (!Add(epoll_.get(), launched->control.get(), Tag(kControl, number)) ||
      !Add(epoll_.get(), launched->pidfd.get(), Tag(kPid, number))) {
    // A room that cannot be watched must not live: nobody would hear of its end.
    sys::Fault fault;
    sys::Fail(fault, "watch", "epoll_ctl", errno);
    return LaunchLost(number, launched->pid, launched->planned->room.blank.cgroup, fault);
  }
  auto owned = std::make_unique<Room>();
  Room& room = *owned;
  room.launched = std::move(launched);

  Event event{EventType::kLaunched};
  event.room = number;
  event.pid = room.launched->pid;
  event.marks = room.launched->marks;
  for (int i = 0; i < 3; ++i) event.streams[i] = room.launched->streams[i].take();
  WatchFiles(room);
  {
    std::lock_guard lock(mutex_);
    rooms_[number] = std::move(owned);
    Killed killed = pending_[number];
    pending_.erase(number);
    if (room.plan().waits) room.records.Wait();
    SetDeadlineLocked(room, DeadlineToStart(event.marks.parent[launch::kSent], room.plan().lifetime_ms));
    if (killed != Killed::kNo) KillLocked(room, killed);
  }
  Emit(std::move(event));
}

void Watcher::LaunchLost(uint32_t number, long pid, const plan::Cgroup& cgroup, const sys::Fault& fault) {
  // Nobody has waited for it, so the pid is still its own.
  kill(static_cast<pid_t>(pid), SIGKILL);
  Remains remains{number, pid, fault, LeafOf(cgroup)};
  {
    std::lock_guard lock(mutex_);
    pending_.erase(number);
    ++removals_;
  }
  janitor_.Add(std::move(remains));
}

void Watcher::LaunchFailed(uint32_t number, const sys::Fault& fault) {
  {
    std::lock_guard lock(mutex_);
    pending_.erase(number);
  }
  Event event{EventType::kLaunchFailed};
  event.room = number;
  event.fault = fault;
  Emit(std::move(event));
}

void Watcher::SetDeadlineLocked(Room& room, int64_t deadline) {
  deadlines_.erase({room.deadline, room.number()});
  room.deadline = deadline;
  if (deadline >= 0) deadlines_.insert({deadline, room.number()});
}

// Returns milliseconds until the next deadline, for epoll_wait; -1: none.
int Watcher::EnforceDeadlines() {
  std::lock_guard lock(mutex_);
  int64_t now = sys::Now();
  while (!deadlines_.empty()) {
    auto [deadline, number] = *deadlines_.begin();
    if (deadline > now) {
      int64_t left = (deadline - now + 999'999) / 1'000'000;
      return static_cast<int>(std::min<int64_t>(left, kPatienceMs));
    }
    deadlines_.erase(deadlines_.begin());
    auto found = rooms_.find(number);
    if (found == rooms_.end()) continue;
    found->second->deadline = -1;
    KillLocked(*found->second, Killed::kDeadline);
  }
  // A room that waits may get a deadline without anybody telling this thread.
  return rooms_.empty() ? -1 : kPatienceMs;
}

void Watcher::Emit(Event event) { post_(std::move(event)); }

// The watcher's own thread is the only one that removes rooms, so a room it found stays.
Watcher::Room* Watcher::Find(uint32_t number) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  return found == rooms_.end() ? nullptr : found->second.get();
}

std::string Watcher::LeafOf(const plan::Cgroup& cgroup) {
  return cgroup.present ? std::string(cgroup.parent) + "/" + cgroup.leaf : std::string();
}

void Watcher::Close() {
  {
    std::unique_lock lock(mutex_);
    for (auto& [number, killed] : pending_)
      if (killed == Killed::kNo) killed = Killed::kClose;
    for (auto& [number, room] : rooms_) KillLocked(*room, Killed::kClose);
    launchers_.Hurry();
    quiet_.wait(lock, [this] { return jobs_ == 0 && rooms_.empty() && removals_ == 0; });
    stopping_ = true;
  }
  if (wake_) Wake();
  thread_.Join();
  janitor_.Stop();
  launchers_.Stop();
}

}  // namespace rooms::watch
