#include "init/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "init/assemble/room.h"
#include "init/failure.h"
#include "init/processes.h"
#include "init/run.h"
#include "init/terminal.h"
#include "sys/clock.h"
#include "sys/raw.h"

namespace rooms::init {
namespace {

using sys::Arg;
using sys::Raw;

constinit Room room;
bool running = false;  // the command
Processes processes;
Terminal terminal;
Ahead ahead;

[[noreturn]] void End() {
  Raw(__NR_exit_group, 0);
  __builtin_unreachable();
}

// The peer reads all the time, so waiting for room in its buffer is right; when it is gone, so is the room.
void Send(Record& record) {
  record.clock = sys::RawNow();
  if (Raw(__NR_sendto, kControlFd, Arg(&record), sizeof record, MSG_NOSIGNAL, 0, 0) < 0) End();
}

[[noreturn]] void Fail(const Failure& failure) {
  Record record{};
  record.kind = RecordKind::kFailed;
  record.failure = failure;
  Send(record);
  End();
}

// Once the command runs there is no word for it any more: that the room has ended says it.
[[noreturn]] void EndWith(const Failure& failure) {
  if (failure.error != 0 && !running) Fail(failure);
  End();
}

// The marks of a room that has waited are those of its making: of these only one counts for the command.
void EndWait(int64_t asked) {
  for (int64_t& mark : room.marks) mark = 0;
  room.marks[kTold] = asked;
  room.waits = false;
}

// Of the command, or of one more process.
void Answer(Record& record, long pid) {
  record.kind = pid > 0 ? RecordKind::kStarted : RecordKind::kFailed;
  if (pid > 0) processes.add(pid, record.process);
  running |= pid > 0 && record.process == 0;
  if (record.process == 0)
    for (unsigned i = 0; i < kMarks; ++i) record.marks[i] = room.marks[i];
  Send(record);
  if (pid <= 0 && record.process == 0) End();
}

void HandleAhead() {
  Record record{};
  long pid = ahead.Finish(record.failure);
  if (pid <= 0 && record.failure.error == 0) End();
  EndWait(ahead.asked);
  Answer(record, pid);
}

void HandleRun(Received& received) {
  if (room.waits && received.request.process == 0) EndWait(sys::RawNow());
  Record record{};
  record.process = received.request.process;
  long pid = 0;
  if (!Complete(received, record.failure)) {
    // It says so itself.
  } else if (!room.assembled) {
    Broken(record.failure);
  } else if (processes.full()) {
    Failed(record.failure, -EAGAIN, "run.table", "clone");
  } else {
    bool led = received.request.process == 0 && received.request.terminal && terminal.Lead(received.fds[0]);
    pid = Run(received, led, record.failure);
  }
  received.CloseFds();
  Answer(record, pid);
}

void HandleFurnish(const Received& received) {
  if (received.cut) Failed(room.failure, -EMFILE, "room.request", "recvmsg");
  if (received.cut || !Furnish(room, received)) Fail(room.failure);
  Record record{};
  record.kind = RecordKind::kFurnished;
  Send(record);
}

void HandleParts(const Received& received) {
  if (received.cut) Failed(room.failure, -EMFILE, "room.request", "recvmsg");
  bool only_carries = received.request.kind == RequestKind::kCarry;
  if (received.cut || !(only_carries ? Carry(room, received) : Assemble(room, received))) Fail(room.failure);
  if (!room.waits) return;
  if (room.forks_ahead && !ahead.Make(room.failure)) Fail(room.failure);
  Record record{};
  record.kind = RecordKind::kAssembled;
  for (unsigned i = 0; i < kMarks; ++i) record.marks[i] = room.marks[i];
  Send(record);
}

// True when there may be more: a storm of orphans must not keep requests waiting.
bool Reap() {
  constexpr int kMost = 1000;
  for (int count = 0; count < kMost; ++count) {
    int status = 0;
    rusage usage{};
    long pid = Raw(__NR_wait4, -1, Arg(&status), WNOHANG | __WALL, Arg(&usage));
    if (pid <= 0) return false;
    // A child that asked to be traced by its parent is told of when it stops, too.
    if (!WIFEXITED(status) && !WIFSIGNALED(status)) continue;
    uint32_t process = 0;
    if (!processes.remove(pid, &process)) continue;
    Record record{};
    record.kind = RecordKind::kExited;
    record.process = process;
    record.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    record.signal = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    record.usage = UsageOf(usage);
    if (process == 0) terminal.Leave();
    Send(record);
    if (process == 0) End();
  }
  return true;
}

}  // namespace

void Supervise() {
  if (!Begin(room)) EndWith(room.failure);
  for (bool more = false;;) {
    if (ahead.done >= 0) {
      // The first request is taken by the process that was made for it. There is no other; its end is no orphan's.
      pollfd done{ahead.done, POLLIN, 0};
      long over = Raw(__NR_poll, Arg(&done), 1, -1);
      if (over != -EINTR && Failed(room.failure, over, "room.request", "poll")) EndWith(room.failure);
      if (over > 0) HandleAhead();
      more = true;
      continue;
    }
    pollfd watched[2] = {{kControlFd, POLLIN, 0}, {kSignalsFd, POLLIN, 0}};
    long ready = Raw(__NR_poll, Arg(watched), 2, more ? 0 : -1);
    Failure failure{};
    if (ready != -EINTR && Failed(failure, ready, "room.request", "poll")) EndWith(failure);
    if (watched[1].revents) {
      signalfd_siginfo heard_one;
      while (Raw(__NR_read, kSignalsFd, Arg(&heard_one), sizeof heard_one) > 0)
        if (heard_one.ssi_signo == SIGHUP) terminal.HangUp(processes.find(0));
      more = true;
    }
    if (more) more = Reap();
    if (!watched[0].revents) continue;
    Received received;
    if (!Receive(received, failure)) EndWith(failure);
    switch (received.request.kind) {
      case RequestKind::kFurnish:
        HandleFurnish(received);
        break;
      case RequestKind::kCarry:
      case RequestKind::kAssemble:
        HandleParts(received);
        break;
      case RequestKind::kRun:
        HandleRun(received);
        more = true;
        break;
      case RequestKind::kSignal:
        if (long pid = processes.find(received.request.process); pid > 0) Raw(__NR_kill, pid, received.request.signal);
        break;
      default:
        End();
    }
  }
}

}  // namespace rooms::init
