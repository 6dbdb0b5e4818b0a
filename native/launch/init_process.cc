#include "launch/init_process.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "child/child.h"
#include "init/protocol.h"
#include "sys/abi.h"
#include "sys/clone.h"

namespace rooms::launch {

bool InitProcess::StartRoom(const Workshop& workshop, const Stack& stack, int control, int cgroup, sys::Fault& fault) {
  uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
  return Start(workshop, stack, {control}, true, flags, cgroup, fault);
}

bool InitProcess::StartKeeper(const Workshop& workshop, const Stack& stack, std::initializer_list<int> keep,
                              sys::Fault& fault) {
  return Start(workshop, stack, keep, false, 0, -1, fault);
}

bool InitProcess::Start(const Workshop& workshop, const Stack& stack, std::initializer_list<int> keep, bool room,
                        uint64_t flags, int cgroup, sys::Fault& fault) {
  child::Input input{};
  input.keep = keep.begin();
  input.kept = static_cast<int>(keep.size());
  input.init = workshop.init.get();
  input.name = room ? init::kRoomInit : init::kRoomKeeper;
  input.room = room;
  input.nice = workshop.nice;
  int pidfd = -1;
  clone_args args{};
  args.flags = flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.exit_signal = SIGCHLD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.stack = reinterpret_cast<uint64_t>(stack.start());
  args.stack_size = stack.size();
  if (cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup);
  }
  long pid = sys::CloneCall(args, child::Run, &input);
  const char* step = room ? "clone" : "keeper";
  if (pid < 0) return sys::Fail(fault, step, "clone3", pid);
  pid_ = pid;
  pidfd_.reset(pidfd);
  if (input.failure.error != 0)
    return sys::Fail(fault, room ? input.failure.step : step, input.failure.syscall, input.failure.error);
  return input.executing ? true : sys::Fail(fault, step, "waitid", ECANCELED);
}

bool InitProcess::ended() const {
  pollfd watched{pidfd_.get(), POLLIN, 0};
  return !pidfd_ || poll(&watched, 1, 0) != 0;
}

void InitProcess::Wait() {
  siginfo_t info;
  while (pidfd_ && waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
  }
  pidfd_.reset();
}

void InitProcess::Kill() {
  if (!pidfd_) return;
  sys::Raw(__NR_pidfd_send_signal, pidfd_.get(), SIGKILL, 0, 0);
  Wait();
}

}  // namespace rooms::launch
