// What other threads ask of a living room.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "launch/run_request.h"
#include "launch/streams.h"
#include "sys/abi.h"
#include "sys/clock.h"
#include "sys/open_in_root.h"
#include "watch/room.h"
#include "watch/watcher.h"

namespace rooms::watch {

namespace {

constexpr long kDevptsMagic = 0x1cd1;  // linux/magic.h

// The root of room-init by its pid. Another part of this program may have waited for it (waitpid(-1) does) and the pid
// be somebody else's by now: the descriptor knows, and what it says after the opening held before it.
int OpenRootOf(const launch::LaunchedRoom& room, sys::Fault& fault) {
  char path[48];
  snprintf(path, sizeof path, "/proc/%ld/root", room.pid);
  int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  // A process that has exited shows no root, also while nobody has waited for it.
  if (root < 0 && (errno == ENOENT || errno == ESRCH)) return sys::Fail(fault, "room.ended", "open", errno), -1;
  if (root < 0) return sys::Fail(fault, "root.open", "open", errno, path), -1;
  long alive = sys::Raw(__NR_pidfd_send_signal, room.pidfd.get(), 0, 0, 0);
  if (alive == 0) return root;
  close(root);
  const char* step = alive == -ESRCH ? "room.ended" : "root.open";
  return sys::Fail(fault, step, "pidfd_send_signal", alive), -1;
}

// The room cannot have replaced its /dev/pts (it has no mount rights), but what we act on is looked at first.
sys::UniqueFd OpenTerminals(const launch::LaunchedRoom& room, sys::Fault& fault) {
  sys::UniqueFd root(OpenRootOf(room, fault));
  if (!root) return {};
  int opened = sys::OpenInRoot(root.get(), "dev/pts", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
                               RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
  if (opened < 0) return sys::Fail(fault, "pty.open", "openat2", opened, "/dev/pts"), sys::UniqueFd();
  sys::UniqueFd terminals(opened);
  struct statfs info;
  if (fstatfs(opened, &info) < 0) return sys::Fail(fault, "pty.open", "fstatfs", errno, "/dev/pts"), sys::UniqueFd();
  if (info.f_type != kDevptsMagic) return sys::Fail(fault, "pty.open", "fstatfs", ENODEV, "/dev/pts"), sys::UniqueFd();
  return terminals;
}

bool Ended(sys::Fault& fault) { return sys::Fail(fault, "room.ended", "", ESRCH); }

// A request that found nobody at the other end: the room has ended, and the news of it is on its way.
bool Sent(bool sent, sys::Fault& fault) {
  return !sent && (fault.error == EPIPE || fault.error == ECONNRESET) ? Ended(fault) : sent;
}

}  // namespace

void Watcher::Kill(uint32_t number, Killed why) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  if (found != rooms_.end()) return KillLocked(*found->second, why);
  auto pending = pending_.find(number);
  if (pending != pending_.end() && pending->second == Killed::kNo) pending->second = why;
}

void Watcher::SetDeadline(uint32_t number, int64_t milliseconds) {
  {
    std::lock_guard lock(mutex_);
    auto found = rooms_.find(number);
    if (found == rooms_.end()) return;
    SetDeadlineLocked(*found->second, DeadlineAfter(sys::Now(), milliseconds));
  }
  Wake();
}

bool Watcher::Signal(uint32_t number, uint32_t process, int signal, sys::Fault& fault) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  if (found == rooms_.end()) return Ended(fault);
  return Sent(launch::SendSignal(found->second->launched->control.get(), process, signal, fault), fault);
}

bool Watcher::StartProcess(Room& room, uint32_t process, const plan::Process& plan, int (&streams)[3],
                           sys::Fault& fault) {
  sys::UniqueFd terminals;
  if (plan.stdio.pty && !(terminals = OpenTerminals(*room.launched, fault))) return false;
  int attached[3];
  int count = 0;
  for (const plan::Stream& stream : plan.stdio.streams)
    if (stream.kind == plan::StreamKind::kFd) attached[count++] = stream.fd;
  uint32_t base = room.plan().blank.identity.mapped ? room.plan().blank.identity.base : 0;
  launch::Streams made;
  if (!launch::MakeStreams(plan.stdio, attached, devices_.get(), terminals.get(), {base + plan.uid, base + plan.gid},
                           made, fault))
    return false;
  room.records.Expect(process);
  if (!Sent(launch::SendRun(room.launched->control.get(), process, plan, room.plan().rlimits, made, fault), fault)) {
    room.records.Forget(process);
    return false;
  }
  for (int i = 0; i < 3; ++i) streams[i] = made.host[i].take();
  return true;
}

bool Watcher::RunCommand(uint32_t number, const plan::Process& plan, int64_t lifetime_ms, int (&streams)[3],
                         sys::Fault& fault) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  if (found == rooms_.end() || !found->second->records.waiting()) return Ended(fault);
  Room& room = *found->second;
  // From here on it is a launch like any other, but for all that happened before anybody called.
  room.launched->marks = {};
  int64_t* marks = room.launched->marks.parent;
  marks[launch::kCalled] = sys::Now();
  room.plan().lifetime_ms = lifetime_ms;
  if (!StartProcess(room, 0, plan, streams, fault)) return false;
  marks[launch::kSent] = sys::Now();
  // The watcher need not be woken for it: it looks around more often than kPatienceMs.
  SetDeadlineLocked(room, DeadlineToStart(marks[launch::kSent], lifetime_ms));
  return true;
}

bool Watcher::Exec(uint32_t number, const plan::Process& plan, uint32_t& process, int (&streams)[3],
                   sys::Fault& fault) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  if (found == rooms_.end()) return Ended(fault);
  process = found->second->next_process++;
  return StartProcess(*found->second, process, plan, streams, fault);
}

int Watcher::OpenRoot(uint32_t number, sys::Fault& fault) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  if (found == rooms_.end()) return Ended(fault), -1;
  return OpenRootOf(*found->second->launched, fault);
}

std::string Watcher::Cgroup(uint32_t number) {
  std::lock_guard lock(mutex_);
  auto found = rooms_.find(number);
  return found == rooms_.end() ? std::string() : LeafOf(found->second->plan().blank.cgroup);
}

}  // namespace rooms::watch
