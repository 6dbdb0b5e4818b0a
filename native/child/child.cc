#include "child/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>

#include "sys/abi.h"
#include "sys/raw.h"

namespace rooms::child {

using sys::Arg;
using sys::Raw;

namespace {

// Records the first failure; true when `result` is one. The step's name tells TypeScript what to say.
bool Failed(Input& input, long result, const char* step, const char* syscall) {
  if (result >= 0) return false;
  input.failure = {step, syscall, static_cast<int>(-result)};
  return true;
}

// What a child has from the thread that made it and a room must not have: its scheduling, and the keys of the embedding
// process's session.
bool LeaveEmbedder(Input& input) {
  int priority = 0;
  // A belt for a room-init that is frozen when the embedding process ends and cannot read that on its socket.
  if (Failed(input, Raw(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "clone", "prctl") ||
      Failed(input, Raw(__NR_sched_setscheduler, 0, 0 /* SCHED_OTHER */, Arg(&priority)), "clone",
             "sched_setscheduler") ||
      Failed(input, Raw(__NR_setpriority, 0 /* PRIO_PROCESS */, 0, input.nice), "clone", "setpriority"))
    return false;
  long keyring = Raw(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
  if (keyring != -ENOSYS && Failed(input, keyring, "keyring", "keyctl")) return false;
  // Not by a flag of clone3: the new namespace would be rooted at the launcher's cgroup, because the child moves into
  // its own only after namespaces are copied.
  return !Failed(input, Raw(__NR_unshare, CLONE_NEWCGROUP), "cgroup.namespace", "unshare");
}

}  // namespace

int Run(void* argument) {
  Input& input = *static_cast<Input*>(argument);
  if (input.room && !LeaveEmbedder(input)) return 126;
  if (!input.room) Raw(__NR_setsid);
  for (int fd = 0; fd < input.kept; ++fd)
    if (Failed(input, Raw(__NR_dup3, input.keep[fd], fd, 0), "exec.init", "dup3")) return 126;
  // execve closes its own.
  if (Failed(input, Raw(__NR_dup3, input.init, input.kept, O_CLOEXEC), "exec.init", "dup3") ||
      Failed(input, Raw(__NR_close_range, input.kept + 1, ~0u, 0), "exec.init", "close_range"))
    return 126;
  const char* argv[] = {input.name, nullptr};
  const char* env[] = {nullptr};
  input.executing = true;
  long result = Raw(__NR_execveat, input.kept, Arg(""), Arg(argv), Arg(env), AT_EMPTY_PATH);
  input.executing = false;
  Failed(input, result, "exec.init", "execveat");
  return 127;
}

int WaitUntilTold(void* argument) {
  constexpr int kPatienceMs = 10'000;
  Raw(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  pollfd watched{static_cast<int>(reinterpret_cast<intptr_t>(argument)), POLLIN, 0};
  Raw(__NR_poll, Arg(&watched), 1, kPatienceMs);
  return 0;
}

}  // namespace rooms::child
