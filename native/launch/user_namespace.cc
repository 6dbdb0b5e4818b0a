#include "launch/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/abi.h"
#include "sys/clone.h"

namespace rooms::launch {

namespace {

using sys::Arg;
using sys::Raw;

constexpr int kPatienceMs = 10'000;

// Only a process can bring a user namespace into being, and only somebody outside may give it more than one id. This
// one shares our memory, touches none of it, and waits until it is told to go; should we be killed, it goes by itself.
int Wait(void* pipe_end) {
  Raw(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pollfd watched{*static_cast<int*>(pipe_end), POLLIN, 0};
  Raw(__NR_poll, Arg(&watched), 1, kPatienceMs);
  return 0;
}

bool WriteMap(int proc, long pid, const char* file, IdMap map, sys::Fault& fault) {
  char path[48], text[48];
  snprintf(path, sizeof path, "%ld/%s", pid, file);
  int length = snprintf(text, sizeof text, "%u %u %u", map.inside, map.outside, map.size);
  sys::UniqueFd fd(openat(proc, path, O_WRONLY | O_CLOEXEC));
  if (!fd) return sys::Fail(fault, "userns.create", "openat", errno, path);
  if (write(fd.get(), text, static_cast<size_t>(length)) != length)
    return sys::Fail(fault, "userns.create", "write", errno, file);
  return true;
}

}  // namespace

sys::UniqueFd MakeUserNamespace(int proc, const Stack& stack, IdMap uids, IdMap gids, sys::Fault& fault) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    sys::Fail(fault, "userns.create", "pipe2", errno);
    return {};
  }
  sys::UniqueFd wait_end(ends[0]), go_end(ends[1]);

  clone_args args{};
  args.flags = CLONE_VM | CLONE_NEWUSER | CLONE_CLEAR_SIGHAND;
  args.stack = reinterpret_cast<uint64_t>(stack.start());
  args.stack_size = stack.size();
  long pid = sys::CloneCall(args, Wait, &ends[0]);
  if (pid < 0) {
    sys::Fail(fault, "userns.create", "clone3", pid);
    return {};
  }
  sys::UniqueFd result;
  if (WriteMap(proc, pid, "uid_map", uids, fault) && WriteMap(proc, pid, "gid_map", gids, fault)) {
    char path[48];
    snprintf(path, sizeof path, "%ld/ns/user", pid);
    result.reset(openat(proc, path, O_RDONLY | O_CLOEXEC));
    if (!result) sys::Fail(fault, "userns.create", "openat", errno, path);
  }
  (void)!write(go_end.get(), "", 1);
  // exit_signal 0: invisible to SIGCHLD handlers, and waited for with __WALL.
  while (waitpid(static_cast<pid_t>(pid), nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return result;
}

}  // namespace rooms::launch
