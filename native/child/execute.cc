#include <fcntl.h>
#include <linux/seccomp.h>

#include "child/step.h"
#include "init/protocol.h"
#include "sys/clock.h"
#include "sys/raw.h"

namespace rooms::child {

using sys::Arg;
using sys::Raw;

// Leaves room-init two descriptors: its socket, and its own executable, which execve closes.
void Execute(Input& input) {
  constexpr int kExecutable = init::kControlFd + 1;
  if (Failed(input, Raw(__NR_dup3, input.control, init::kControlFd, 0), "exec.init", "dup3") ||
      Failed(input, Raw(__NR_dup3, input.init, kExecutable, O_CLOEXEC), "exec.init", "dup3") ||
      Failed(input, Raw(__NR_close_range, kExecutable + 1, ~0u, 0), "exec.init", "close_range"))
    return;
  if (input.filter.len > 0 &&
      Failed(input, Raw(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, Arg(&input.filter)), "seccomp", "seccomp"))
    return;
  const char* argv[] = {"room-init", input.announce ? init::kAnnounce : nullptr, nullptr};
  const char* env[] = {nullptr};
  input.marks[kExecuting] = sys::RawNow();
  input.executing = true;
  long result = Raw(__NR_execveat, kExecutable, Arg(""), Arg(argv), Arg(env), AT_EMPTY_PATH);
  input.executing = false;
  Failed(input, result, "exec.init", "execveat");
}

}  // namespace rooms::child
