// What happens to a living room: messages of its room-init, changes of its cgroup files, its end.

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "sys/clock.h"
#include "sys/raw.h"
#include "watch/cgroup_files.h"
#include "watch/room.h"
#include "watch/watcher.h"

namespace rooms::watch {

namespace {

// waitid(2) gives resource usage too, but only the raw call does.
void Reap(int pidfd, End& end) {
  siginfo_t info{};
  rusage usage{};
  long result;
  do result = sys::Raw(__NR_waitid, P_PIDFD, pidfd, sys::Arg(&info), WEXITED | __WALL, sys::Arg(&usage));
  while (result == -EINTR);
  if (result < 0) return;  // somebody else in this process waits for all children
  end.has_usage = true;
  end.usage = init::UsageOf(usage);
  if (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED) end.init_signal = info.si_status;
}

}  // namespace

bool Watcher::ReadControl(Room& room) {
  for (;;) {
    Heard heard;
    {
      // Another thread may be reading too (Look): what is read is told before anybody reads on.
      std::lock_guard lock(mutex_);
      heard = ReadRecordLocked(room);
    }
    if (heard == Heard::kUnable) {
      // We are told so again at once, and that until there is memory: others may use the processor meanwhile.
      constexpr timespec kPause{0, 1'000'000};
      nanosleep(&kPause, nullptr);
    }
    if (heard != Heard::kMore) return heard == Heard::kAll;
  }
}

void Watcher::Look(uint32_t number) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  while (found != rooms_.end() && ReadRecordLocked(*found->second) == Heard::kMore) {
  }
}

Watcher::Heard Watcher::ReadRecordLocked(Room& room) {
  if (!room.control_open) return Heard::kAll;
  init::Record record;
  ssize_t size = recv(room.launched->control.get(), &record, sizeof record, MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && errno == EAGAIN) return Heard::kAll;
  // ECONNRESET: room-init ended with a request unread. It is told once, before what room-init said last.
  if (size < 0 && (errno == EINTR || errno == ECONNRESET)) return Heard::kMore;
  // Out of memory for the moment; the message is still there.
  if (size < 0 && (errno == ENOMEM || errno == ENOBUFS)) return Heard::kUnable;
  Event event{EventType::kStarted};
  event.room = room.number();
  Records::Meaning meaning = Records::Meaning::kNonsense;
  if (size > 0)
    meaning = room.records.Read(&record, static_cast<size_t>(size), room.plan(), room.launched->marks, event);
  if (meaning == Records::Meaning::kNews) {
    bool began = event.type == EventType::kStarted && event.process == 0;
    if (began && room.deadline >= 0) SetDeadlineLocked(room, DeadlineAfter(sys::Now(), room.plan().lifetime_ms));
    Emit(std::move(event));
  }
  if (meaning != Records::Meaning::kNonsense) return Heard::kMore;
  room.control_open = false;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, room.launched->control.get(), nullptr);
  if (size != 0) KillLocked(room, Killed::kRequest);
  return Heard::kAll;
}

void Watcher::WatchFiles(Room& room) {
  const plan::Cgroup& cgroup = room.plan().blank.cgroup;
  if (!cgroup.present) return;
  std::string leaf = LeafOf(cgroup);
  for (plan::Text file : cgroup.watch) {
    int watch = inotify_add_watch(inotify_.get(), (leaf + "/" + file).c_str(), IN_MODIFY);
    if (watch < 0) continue;  // what the file says is read at the end in any case
    watches_[watch] = {room.number(), file};
    room.watches.push_back(watch);
  }
}

void Watcher::ReadChanges() {
  alignas(inotify_event) char buffer[4096];
  for (ssize_t size; (size = read(inotify_.get(), buffer, sizeof buffer)) > 0;) {
    for (ssize_t at = 0; at < size;) {
      inotify_event change;
      memcpy(&change, buffer + at, sizeof change);
      at += static_cast<ssize_t>(sizeof change + change.len);
      auto found = watches_.find(change.wd);
      if (found == watches_.end()) continue;
      Room* room = Find(found->second.first);
      Event event{EventType::kChanged};
      event.room = found->second.first;
      event.file = found->second.second;
      if (room && ReadText(LeafOf(room->plan().blank.cgroup) + "/" + event.file, event.text)) Emit(std::move(event));
    }
  }
}

void Watcher::EndRoom(uint32_t number) {
  if (Room* room = Find(number); room && !ReadControl(*room)) {
    // A pidfd says that its process has ended each time it is asked (epoll(7), level-triggered), so we come back. But
    // what room-init said last is worth less than the end: whoever closes the Anchor waits for that.
    constexpr int64_t kPatience = 1'000'000'000;
    if (room->unread_since < 0) room->unread_since = sys::Now();
    if (sys::Now() - room->unread_since < kPatience) return;
  }
  std::unique_ptr<Room> room;
  {
    // Out of everybody's reach before it is reaped: from then on its pid may be another process's.
    std::lock_guard lock(mutex_);
    auto found = rooms_.find(number);
    if (found == rooms_.end()) return;
    room = std::move(found->second);
    rooms_.erase(found);
    deadlines_.erase({room->deadline, number});
    ++removals_;
  }
  const plan::Cgroup& cgroup = room->plan().blank.cgroup;
  Event event{EventType::kEnded};
  event.room = number;
  End& end = event.end;
  end.killed = room->killed;
  Reap(room->launched->pidfd.get(), end);
  end.wall_us = (sys::Now() - room->launched->marks.parent[launch::kCalled]) / 1000;
  for (int watch : room->watches) {
    inotify_rm_watch(inotify_.get(), watch);
    watches_.erase(watch);
  }
  for (plan::Text file : cgroup.report) {
    std::string text;
    if (cgroup.present && ReadText(LeafOf(cgroup) + "/" + file, text)) end.report.emplace_back(file, std::move(text));
  }
  struct statfs upper;
  if (fstatfs(room->launched->upper.get(), &upper) == 0) {
    end.has_upper = true;
    end.upper_bytes = static_cast<int64_t>(upper.f_blocks - upper.f_bfree) * upper.f_bsize;
    end.upper_inodes = static_cast<int64_t>(upper.f_files - upper.f_ffree);
  }
  Emit(std::move(event));
  janitor_.Add({number, -1, {}, LeafOf(cgroup), std::move(room->launched->upper), std::move(room->launched->mounts)});
}

void Watcher::KillLocked(Room& room, Killed why) {
  if (room.killed != Killed::kNo) return;
  room.killed = why;
  // The end of PID 1 is the end of everything in its namespace; the descriptor cannot mean another process.
  long killed = sys::Raw(__NR_pidfd_send_signal, room.launched->pidfd.get(), SIGKILL, 0, 0);
  // The end of its socket is the other way to end a room-init.
  if (killed < 0) shutdown(room.launched->control.get(), SHUT_RDWR);
}

}  // namespace rooms::watch
