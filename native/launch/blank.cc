#include "launch/blank.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "init/protocol.h"
#include "launch/layers.h"
#include "launch/room_failure.h"
#include "launch/room_request.h"

namespace rooms::launch {

namespace {

bool MakeControl(sys::UniqueFd& ours, sys::UniqueFd& theirs, sys::Fault& fault) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return sys::Fail(fault, "control", "socketpair", errno);
  // Hundreds of signals may be on their way while room-init waits for an execve.
  constexpr int kRequestBuffer = 4 << 20;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &kRequestBuffer, sizeof kRequestBuffer);
  ours.reset(ends[0]);
  theirs.reset(ends[1]);
  return true;
}

}  // namespace

std::unique_ptr<Blank> Blank::Make(Workshop& workshop, const Stacks& stacks, const plan::Blank& plan,
                                   sys::Fault& fault) {
  auto blank = std::make_unique<Blank>();
  sys::UniqueFd theirs;
  if (plan.identity.mapped) {
    IdMap map{0, plan.identity.base, plan.identity.size};
    blank->user_namespace = UserNamespace::Make(workshop.proc.get(), stacks.maker, map, map, fault, map.outside);
    if (!blank->user_namespace) return nullptr;
  }
  blank->upper = MakeUpper(plan, fault);
  if (!blank->upper) return nullptr;
  blank->upper_bytes = plan.upper_bytes;
  blank->upper_inodes = plan.upper_inodes;
  if (!PrepareSources(workshop, stacks.child, plan.mounts, plan.identity, nullptr, blank->sources, fault))
    return nullptr;
  if (!MakeControl(blank->control, theirs, fault)) return nullptr;
  if (plan.cgroup.present && !blank->leaf.Create(workshop, plan.cgroup, fault)) return nullptr;
  if (!blank->init.StartRoom(workshop, stacks.child, theirs.get(), blank->leaf.fd(), fault)) return nullptr;
  char mounts[32];
  snprintf(mounts, sizeof mounts, "%ld/ns/mnt", blank->init.pid());
  blank->mounts.reset(openat(workshop.proc.get(), mounts, O_RDONLY | O_CLOEXEC));
  if (!blank->mounts) {
    // Of a room-init that has ended there is no such file; why it has, it may have said.
    sys::Fail(fault, errno == ENOENT ? "run.request" : "clone", "openat", errno, std::string("/proc/") + mounts);
    blank->ExplainEnd(plan, {}, fault);
    return nullptr;
  }
  // Without this end, room-init's death would leave us waiting on our own copy.
  theirs.reset();
  FurnishParts parts{blank->upper.get(), blank->user_namespace.fd(), workshop.lift_oom_score};
  if (!SendFurnish(blank->control.get(), plan, parts, blank->sources, fault)) {
    blank->ExplainEnd(plan, {}, fault);
    return nullptr;
  }
  // In the launchers' table they would wait with it, and that is not without end.
  for (sys::UniqueFd& source : blank->sources.mounts)
    if (source.get() != blank->sources.devices && source.get() != blank->sources.devpts) source.reset();
  // It has long left, and its stack is needed for the next one.
  blank->user_namespace.Reap();
  return blank;
}

bool Blank::Greet(const plan::Blank& plan, const std::atomic<bool>& closing, sys::Fault& fault) {
  if (greeted) return true;
  // Long enough for any machine; somebody may have stopped it, and a launcher must not wait for that.
  constexpr int kPatienceMs = 30'000, kLookUpMs = 50;
  pollfd watched{control.get(), POLLIN, 0};
  int ready = 0;
  for (int waited = 0; ready <= 0 && waited < kPatienceMs && !closing; waited += kLookUpMs)
    ready = poll(&watched, 1, kLookUpMs);
  if (ready <= 0) return sys::Fail(fault, "run.request", "poll", closing ? ECANCELED : ETIMEDOUT);
  init::Record record;
  ssize_t size = recv(control.get(), &record, sizeof record, MSG_DONTWAIT);
  if (size != sizeof record) {
    sys::Fail(fault, "run.request", "recv", size < 0 ? errno : EPIPE);
    ExplainEnd(plan, {}, fault);
    return false;
  }
  if (record.kind == init::RecordKind::kFailed) return DescribeFailure(record.failure, plan.mounts, {}, fault);
  return greeted = true;
}

bool Blank::ExplainEnd(const plan::Blank& plan, const plan::Span<plan::Mount>& mounts, sys::Fault& fault) {
  for (;;) {
    init::Record record;
    ssize_t size = recv(control.get(), &record, sizeof record, MSG_DONTWAIT);
    // ECONNRESET is told once, for requests that it left unread, and before what it said last.
    if (size < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (size != sizeof record) {
      if (size >= 0 && leaf.Starved()) fault.step = "room.memory";
      return false;
    }
    if (record.kind == init::RecordKind::kFailed) {
      DescribeFailure(record.failure, plan.mounts, mounts, fault);
      return true;
    }
  }
}

Blanks::Blanks() = default;
Blanks::~Blanks() = default;

void Blanks::Put(std::string id, std::unique_ptr<Blank> blank) {
  std::lock_guard lock(mutex_);
  ready_[std::move(id)] = std::move(blank);
}

std::unique_ptr<Blank> Blanks::Take(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = ready_.find(id);
  if (found == ready_.end()) return nullptr;
  std::unique_ptr<Blank> blank = std::move(found->second);
  ready_.erase(found);
  return blank;
}

}  // namespace rooms::launch
