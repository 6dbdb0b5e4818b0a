#include "init/supervise.h"

#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "init/processes.h"
#include "init/protocol.h"
#include "init/run.h"
#include "init/terminal.h"
#include "sys/clock.h"
#include "sys/raw.h"

namespace rooms::init {
namespace {

using sys::Arg;
using sys::Raw;

Processes processes;
Terminal terminal;

[[noreturn]] void End() {
  Raw(__NR_exit_group, 0);
  __builtin_unreachable();
}

// The peer reads all the time, so waiting for room in its buffer is right; when it is gone, so is the room.
void Send(Record& record) {
  record.clock = sys::RawNow();
  if (Raw(__NR_sendto, kControlFd, Arg(&record), sizeof record, MSG_NOSIGNAL, 0, 0) < 0) End();
}

struct Received {
  Request request;
  int fds[kRunFds];
  unsigned fd_count;
};

// One request with its descriptors. Ends the room when there will be no more.
Received Receive() {
  Received received{};
  iovec part{&received.request, sizeof received.request};
  alignas(cmsghdr) char control[CMSG_SPACE(kRunFds * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  long size = Raw(__NR_recvmsg, kControlFd, Arg(&message), MSG_CMSG_CLOEXEC);
  if (size != sizeof received.request) End();
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    received.fd_count = static_cast<unsigned>((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    const int* fds = reinterpret_cast<const int*>(CMSG_DATA(header));
    for (unsigned i = 0; i < received.fd_count && i < kRunFds; ++i) received.fds[i] = fds[i];
  }
  return received;
}

void HandleRun(const Received& received) {
  Record record{};
  record.process = received.request.process;
  RunResult result{RunStep::kStdio, 0, 0};
  if (received.fd_count != kRunFds) {
    result.error = 24;  // EMFILE: the limit on open files cut the descriptors off
  } else if (processes.full()) {
    result = {RunStep::kTable, 11 /* EAGAIN */, 0};
  } else {
    bool led = received.request.process == 0 && received.request.terminal && terminal.Lead(received.fds[kStdin]);
    result = Run(received.request, received.fds, led);
  }
  for (unsigned i = 0; i < received.fd_count && i < kRunFds; ++i) Raw(__NR_close, received.fds[i]);
  if (result.pid > 0 && result.error == 0) {
    processes.add(result.pid, received.request.process);
    record.kind = RecordKind::kStarted;
    Send(record);
    return;
  }
  record.kind = RecordKind::kFailed;
  record.step = result.step;
  record.error = result.error;
  Send(record);
  if (received.request.process == 0) End();
}

Usage UsageOf(const rusage& usage) {
  return {usage.ru_utime.tv_sec * 1'000'000LL + usage.ru_utime.tv_usec,
          usage.ru_stime.tv_sec * 1'000'000LL + usage.ru_stime.tv_usec,
          usage.ru_maxrss * 1024LL,
          usage.ru_minflt,
          usage.ru_majflt,
          usage.ru_nvcsw,
          usage.ru_nivcsw};
}

// True when there may be more: a storm of orphans must not keep requests waiting.
bool Reap() {
  constexpr int kMost = 1000;
  for (int count = 0; count < kMost; ++count) {
    int status = 0;
    rusage usage{};
    long pid = Raw(__NR_wait4, -1, Arg(&status), WNOHANG | __WALL, Arg(&usage));
    if (pid <= 0) return false;
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

// What the embedding process ignores stays ignored through clone3 and execve: an ignored SIGCHLD would leave nothing to
// reap, and programs expect SIGPIPE to end them.
void ResetSignals() {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    uint64_t mask;
  } by_default{};
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal)
    Raw(__NR_rt_sigaction, signal, Arg(&by_default), 0, sizeof by_default.mask);
}

}  // namespace

void Supervise(bool announce) {
  if (announce) {
    Record hello{};
    hello.kind = RecordKind::kHello;
    Send(hello);
  }
  // /proc/1 then belongs to the host's root: nothing in the room can read or trace this process.
  Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  Raw(__NR_prctl, PR_SET_NAME, Arg("room-init"));
  ResetSignals();
  DropBoundingSet();

  // All signals were blocked before exec and stay so; a child's end is read from a descriptor.
  uint64_t heard = 1u << (SIGCHLD - 1) | 1u << (SIGHUP - 1);
  int signals = static_cast<int>(
      Raw(__NR_signalfd4, -1, Arg(&heard), sizeof heard, 02000000 | 04000 /* SFD_CLOEXEC | SFD_NONBLOCK */));
  if (signals < 0) End();
  for (bool more = false;;) {
    pollfd watched[2] = {{kControlFd, POLLIN, 0}, {signals, POLLIN, 0}};
    long ready = Raw(__NR_poll, Arg(watched), 2, more ? 0 : -1);
    if (ready < 0 && ready != -4 /* EINTR */) End();
    if (watched[1].revents) {
      signalfd_siginfo heard_one;
      while (Raw(__NR_read, signals, Arg(&heard_one), sizeof heard_one) > 0)
        if (heard_one.ssi_signo == SIGHUP) terminal.HangUp(processes.find(0));
      more = true;
    }
    if (more) more = Reap();
    if (watched[0].revents) {
      Received received = Receive();
      if (received.request.kind == RequestKind::kRun) {
        HandleRun(received);
        more = true;
      } else if (received.request.kind == RequestKind::kSignal) {
        long pid = processes.find(received.request.process);
        if (pid > 0) Raw(__NR_kill, pid, received.request.signal);
      }
    }
  }
}

}  // namespace rooms::init
