#include "init/run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/mman.h>

#include "sys/abi.h"
#include "sys/clone.h"
#include "sys/raw.h"

namespace rooms::init {
namespace {

using sys::Arg;
using sys::Raw;

constexpr int kTiocsctty = 0x540E;
constexpr unsigned kMaxPath = 4096;

// What the new process reads and writes while room-init waits for its execve (CLONE_VFORK).
struct Start {
  const Body* body;
  const Limit* limits;
  const uint32_t* groups;
  char** argv;
  char** env;
  char** search_path;
  const char* cwd;
  int stdio[3];
  bool terminal;
  bool led;
  RunStep step;
  int error;
};

alignas(16) char child_stack[64 * 1024];

bool Failed(Start& start, RunStep step, long result) {
  if (result >= 0) return false;
  start.step = step;
  start.error = static_cast<int>(-result);
  return true;
}

// Stdio to 0, 1, 2, by way of numbers above them: a source may itself be one of the three.
bool SetStdio(Start& start) {
  int moved[3];
  for (int i = 0; i < 3; ++i) {
    moved[i] = static_cast<int>(Raw(__NR_fcntl, start.stdio[i], F_DUPFD_CLOEXEC, 3));
    if (Failed(start, RunStep::kStdio, moved[i])) return false;
  }
  for (int i = 0; i < 3; ++i)
    if (Failed(start, RunStep::kStdio, Raw(__NR_dup3, moved[i], i, 0))) return false;
  return !Failed(start, RunStep::kStdio, Raw(__NR_close_range, 3, ~0u, 0));
}

bool SetIds(Start& start) {
  const Body& body = *start.body;
  return !Failed(start, RunStep::kIds, Raw(__NR_setgroups, body.group_count, Arg(start.groups))) &&
         !Failed(start, RunStep::kIds, Raw(__NR_setresgid, body.gid, body.gid, body.gid)) &&
         !Failed(start, RunStep::kIds, Raw(__NR_setresuid, body.uid, body.uid, body.uid));
}

// Exactly the granted set, kept across execve by the ambient set (root means nothing here: SECBIT_NOROOT), and
// nothing that could be raised again.
bool SetCapabilities(Start& start) {
  uint64_t granted = start.body->capabilities;
  Raw(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  uint64_t before = granted | kInitCapabilities;
  __user_cap_data_struct wide[2] = {
      {static_cast<uint32_t>(before), static_cast<uint32_t>(before), static_cast<uint32_t>(granted)},
      {static_cast<uint32_t>(before >> 32), static_cast<uint32_t>(before >> 32), static_cast<uint32_t>(granted >> 32)}};
  if (Failed(start, RunStep::kCapabilities, Raw(__NR_capset, Arg(&header), Arg(wide)))) return false;
  for (int cap = 0; cap < 64; ++cap) {
    if (!(granted >> cap & 1)) continue;
    if (Failed(start, RunStep::kCapabilities, Raw(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0)))
      return false;
  }
  for (int cap = 0; cap < 64; ++cap) {
    if (!((kInitCapabilities & ~granted) >> cap & 1)) continue;
    if (Failed(start, RunStep::kCapabilities, Raw(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0))) return false;
  }
  long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
              SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (Failed(start, RunStep::kCapabilities, Raw(__NR_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0))) return false;
  uint32_t low = static_cast<uint32_t>(granted), high = static_cast<uint32_t>(granted >> 32);
  __user_cap_data_struct exact[2] = {{low, low, low}, {high, high, high}};
  return !Failed(start, RunStep::kCapabilities, Raw(__NR_capset, Arg(&header), Arg(exact)));
}

bool SetLimits(Start& start) {
  for (uint32_t i = 0; i < start.body->limit_count; ++i) {
    struct {
      uint64_t soft, hard;
    } limit{start.limits[i].soft, start.limits[i].hard};
    if (Failed(start, RunStep::kLimits, Raw(__NR_prlimit64, 0, start.limits[i].resource, Arg(&limit), 0))) return false;
  }
  return true;
}

// execve, or a search along the path as execvp(3) does it, without its detour over a shell.
void Execute(Start& start) {
  const char* program = start.argv[0];
  bool slash = false;
  for (const char* p = program; *p; ++p) slash |= *p == '/';
  if (slash) {
    Failed(start, RunStep::kExec, Raw(__NR_execve, Arg(program), Arg(start.argv), Arg(start.env)));
    return;
  }
  long result = -ENOENT;
  bool denied = false;
  char path[kMaxPath];
  for (char** directory = start.search_path; *directory; ++directory) {
    unsigned length = 0;
    for (const char* p = *directory; *p && length < kMaxPath - 2; ++p) path[length++] = *p;
    path[length++] = '/';
    for (const char* p = program; *p && length < kMaxPath - 1; ++p) path[length++] = *p;
    path[length] = '\0';
    result = Raw(__NR_execve, Arg(path), Arg(start.argv), Arg(start.env));
    if (result == -EACCES)
      denied = true;
    else if (result != -ENOENT && result != -ENOTDIR)
      break;
  }
  if (denied && (result == -ENOENT || result == -ENOTDIR)) result = -EACCES;
  Failed(start, RunStep::kExec, result);
}

int Child(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  // Led by room-init, it stays in room-init's process group too: that is the foreground, and an orphaned one, so that
  // Ctrl-Z does not stop a command that nobody could continue.
  if (!start.led) Raw(__NR_setsid);
  if (!SetStdio(start)) return 127;
  if (start.terminal && !start.led && Failed(start, RunStep::kSession, Raw(__NR_ioctl, 0, kTiocsctty, 0))) return 127;
  if (!SetLimits(start) || !SetIds(start)) return 127;
  // New ids made the kernel set this anew, for the memory that room-init shares with us.
  Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  // After the change of ids: a directory that the user may not enter is an error of the spec.
  if (Failed(start, RunStep::kCwd, Raw(__NR_chdir, Arg(start.cwd)))) return 127;
  if (!SetCapabilities(start)) return 127;
  uint64_t none = 0;
  Raw(__NR_rt_sigprocmask, SIG_SETMASK, Arg(&none), 0, sizeof none);
  Raw(__NR_umask, 022);
  Execute(start);
  return 127;
}

// Points `to` at `count` consecutive strings from `at` on and ends the array with a null; 0 when they do not fit.
char* Strings(char* at, const char* end, char** to, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if (at >= end) return nullptr;
    to[i] = at;
    while (at < end && *at) ++at;
    if (at++ >= end) return nullptr;
  }
  to[count] = nullptr;
  return at;
}

RunResult StartFrom(char* body_memory, const Request& request, const int* fds, bool led) {
  const Body* body = reinterpret_cast<const Body*>(body_memory);
  const char* end = body_memory + request.body_size;
  uint64_t fixed = sizeof(Body) + uint64_t{body->limit_count} * sizeof(Limit) + uint64_t{body->group_count} * 4;
  uint64_t pointers = uint64_t{body->argc} + body->envc + body->search_count + 3;
  if (fixed > request.body_size || body->argc == 0 || pointers > request.body_size + 8)
    return {RunStep::kBody, EINVAL, 0};

  long memory = Raw(__NR_mmap, 0, static_cast<long>(pointers * sizeof(char*)), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory < 0 && memory > -4096) return {RunStep::kBody, static_cast<int>(-memory), 0};
  char** argv = reinterpret_cast<char**>(memory);
  char** env = argv + body->argc + 1;
  char** search_path = env + body->envc + 1;
  RunResult result{RunStep::kBody, EINVAL, 0};

  char* at = Strings(body_memory + fixed, end, argv, body->argc);
  if (at) at = Strings(at, end, env, body->envc);
  if (at) at = Strings(at, end, search_path, body->search_count);
  if (at && at < end && end[-1] == '\0') {
    Start start{};
    start.body = body;
    start.limits = reinterpret_cast<const Limit*>(body + 1);
    start.groups = reinterpret_cast<const uint32_t*>(start.limits + body->limit_count);
    start.argv = argv;
    start.env = env;
    start.search_path = search_path;
    start.cwd = at;
    for (int i = 0; i < 3; ++i) start.stdio[i] = fds[i];
    start.terminal = request.terminal != 0;
    start.led = led;

    long pid = sys::VforkCall(CLONE_VM | CLONE_VFORK | SIGCHLD, child_stack + sizeof child_stack, Child, &start);
    if (pid < 0) {
      result = {RunStep::kFork, static_cast<int>(-pid), 0};
    } else {
      // The child of a failed start is reaped with the orphans.
      result = {start.step, start.error, pid};
    }
  }
  Raw(__NR_munmap, memory, static_cast<long>(pointers * sizeof(char*)));
  return result;
}

}  // namespace

RunResult Run(const Request& request, const int* fds, bool led) {
  if (request.body_size < sizeof(Body)) return {RunStep::kBody, EINVAL, 0};
  long memory = Raw(__NR_mmap, 0, request.body_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fds[kBody], 0);
  if (memory < 0 && memory > -4096) return {RunStep::kBody, static_cast<int>(-memory), 0};
  RunResult result = StartFrom(reinterpret_cast<char*>(memory), request, fds, led);
  Raw(__NR_munmap, memory, request.body_size);
  return result;
}

void DropBoundingSet() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[2] = {};
  if (Raw(__NR_capget, Arg(&header), Arg(held)) < 0) return;
  uint64_t keep = held[0].permitted | static_cast<uint64_t>(held[1].permitted) << 32;
  for (int cap = 0; cap < 64; ++cap) {
    if (keep >> cap & 1) continue;
    if (Raw(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) return;  // past the last capability
  }
}

}  // namespace rooms::init
