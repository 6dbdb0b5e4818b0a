#include "init/run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/mman.h>

#include "init/failure.h"
#include "sys/abi.h"
#include "sys/clock.h"
#include "sys/clone.h"
#include "sys/raw.h"

namespace rooms::init {
namespace {

using sys::Arg;
using sys::Raw;

constexpr int kTiocsctty = 0x540E;
constexpr unsigned kMaxPath = 4096;

alignas(16) char child_stack[64 * 1024];
constexpr size_t kUsedStack = 16 * 1024;  // by everything up to execve
constexpr long kPage = 4096;

// Pointers to the strings of most requests: memory that has been used before costs no fault.
constexpr size_t kFewPointers = 512;
char* few_pointers[kFewPointers];

void Touch(void* page) { *static_cast<volatile char*>(page) = 0; }

bool Failed(Start& start, long result, const char* step, const char* syscall) {
  return init::Failed(start.failure, result, step, syscall);
}

// Stdio to 0, 1, 2, by way of numbers above them: a source may itself be one of the three.
bool SetStdio(Start& start) {
  int moved[3];
  for (int i = 0; i < 3; ++i) {
    moved[i] = static_cast<int>(Raw(__NR_fcntl, start.stdio[i], F_DUPFD_CLOEXEC, 3));
    if (Failed(start, moved[i], "run.stdio", "fcntl")) return false;
  }
  for (int i = 0; i < 3; ++i)
    if (Failed(start, Raw(__NR_dup3, moved[i], i, 0), "run.stdio", "dup3")) return false;
  // By execve and not now: that is how room-init hears of it from a process that was made ahead.
  return !Failed(start, Raw(__NR_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC), "run.stdio", "close_range");
}

bool SetIds(Start& start) {
  const Program& program = *start.program;
  return !Failed(start, Raw(__NR_setgroups, program.group_count, Arg(start.groups)), "run.ids", "setgroups") &&
         !Failed(start, Raw(__NR_setresgid, program.gid, program.gid, program.gid), "run.ids", "setresgid") &&
         !Failed(start, Raw(__NR_setresuid, program.uid, program.uid, program.uid), "run.ids", "setresuid");
}

// Exactly the granted set, kept across execve by the ambient set (root means nothing here: SECBIT_NOROOT), and
// nothing that could be raised again.
bool SetCapabilities(Start& start) {
  uint64_t granted = start.program->capabilities;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (granted != 0) {
    uint64_t before = granted | kInitCapabilities;
    __user_cap_data_struct wide[2] = {
        {static_cast<uint32_t>(before), static_cast<uint32_t>(before), static_cast<uint32_t>(granted)},
        {static_cast<uint32_t>(before >> 32), static_cast<uint32_t>(before >> 32),
         static_cast<uint32_t>(granted >> 32)}};
    if (Failed(start, Raw(__NR_capset, Arg(&header), Arg(wide)), "run.capabilities", "capset")) return false;
  }
  for (int cap = 0; cap < 64; ++cap) {
    if (!(granted >> cap & 1)) continue;
    if (Failed(start, Raw(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0), "run.capabilities", "prctl"))
      return false;
  }
  for (int cap = 0; cap < 64; ++cap) {
    if (!((kInitCapabilities & ~granted) >> cap & 1)) continue;
    if (Failed(start, Raw(__NR_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0), "run.capabilities", "prctl")) return false;
  }
  long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
              SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
  if (Failed(start, Raw(__NR_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0), "run.capabilities", "prctl")) return false;
  uint32_t low = static_cast<uint32_t>(granted), high = static_cast<uint32_t>(granted >> 32);
  __user_cap_data_struct exact[2] = {{low, low, low}, {high, high, high}};
  return !Failed(start, Raw(__NR_capset, Arg(&header), Arg(exact)), "run.capabilities", "capset");
}

bool SetLimits(Start& start) {
  for (uint32_t i = 0; i < start.program->limit_count; ++i) {
    struct {
      uint64_t soft, hard;
    } limit{start.limits[i].soft, start.limits[i].hard};
    if (Failed(start, Raw(__NR_prlimit64, 0, start.limits[i].resource, Arg(&limit), 0), "run.limits", "prlimit64"))
      return false;
  }
  return true;
}

// execve, or a search along the path as execvp(3) does it, without its detour over a shell.
void Execute(Start& start) {
  const char* program = start.argv[0];
  bool slash = false;
  for (const char* p = program; *p; ++p) slash |= *p == '/';
  if (slash) {
    Failed(start, Raw(__NR_execve, Arg(program), Arg(start.argv), Arg(start.env)), "run.exec", "execve");
    return;
  }
  long result = -ENOENT;
  bool denied = false;
  char path[kMaxPath];
  for (char** directory = start.search_path; *directory; ++directory) {
    unsigned length = 0;
    for (const char* p = *directory; *p && length < kMaxPath; ++p) path[length++] = *p;
    if (length < kMaxPath) path[length++] = '/';
    for (const char* p = program; *p && length < kMaxPath; ++p) path[length++] = *p;
    if (length == kMaxPath) {  // cut short it would be another program
      result = -ENAMETOOLONG;
      continue;
    }
    path[length] = '\0';
    result = Raw(__NR_execve, Arg(path), Arg(start.argv), Arg(start.env));
    if (result == -EACCES)
      denied = true;
    else if (result != -ENOENT && result != -ENOTDIR)
      break;
  }
  if (denied && (result == -ENOENT || result == -ENOTDIR)) result = -EACCES;
  Failed(start, result, "run.exec", "execve");
}

int Child(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  // Led by room-init, it stays in room-init's process group too: that is the foreground, and an orphaned one, so that
  // Ctrl-Z does not stop a command that nobody could continue.
  if (!start.led && !start.leads) Raw(__NR_setsid);
  if (!SetStdio(start)) return 127;
  if (start.terminal && !start.led && Failed(start, Raw(__NR_ioctl, 0, kTiocsctty, 0), "run.session", "ioctl"))
    return 127;
  if (!SetLimits(start) || !SetIds(start)) return 127;
  // New ids made the kernel set this anew, for the memory that room-init shares with us.
  Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  // After the change of ids: a directory that the user may not enter is an error of the spec.
  if (Failed(start, Raw(__NR_chdir, Arg(start.cwd)), "run.cwd", "chdir")) return 127;
  if (!SetCapabilities(start)) return 127;
  uint64_t none = 0;
  Raw(__NR_rt_sigprocmask, SIG_SETMASK, Arg(&none), 0, sizeof none);
  Raw(__NR_umask, 022);
  Execute(start);
  return 127;
}

// Points `start` into the payload of a request; its pointers lie in memory that Release() gives back.
bool Read(const Received& received, bool led, Start& start) {
  Payload payload = received.Read();
  const Program* program = payload.Take<Program>();
  if (!program || program->argc == 0) return !Failed(start, -EINVAL, "run.body", "recvmsg");
  uint64_t pointers = uint64_t{program->argc} + program->envc + program->search_count + 3;
  if (pointers > uint64_t{payload.size()} + 3) return !Failed(start, -EINVAL, "run.body", "recvmsg");
  long memory = Arg(few_pointers);
  if (pointers > kFewPointers) {
    start.size = pointers * sizeof(char*);
    memory =
        Raw(__NR_mmap, 0, static_cast<long>(start.size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory < 0 && memory > -4096) return start.size = 0, !Failed(start, memory, "run.body", "mmap");
  }
  start.program = program;
  start.limits = payload.Take<Limit>(program->limit_count);
  start.groups = payload.Take<uint32_t>(program->group_count);
  start.argv = reinterpret_cast<char**>(memory);
  start.env = start.argv + program->argc + 1;
  start.search_path = start.env + program->envc + 1;
  char* cwd[2];
  if (payload.broken() || !payload.Strings(start.argv, program->argc) || !payload.Strings(start.env, program->envc) ||
      !payload.Strings(start.search_path, program->search_count) || !payload.Strings(cwd, 1))
    return !Failed(start, -EINVAL, "run.body", "recvmsg");
  start.cwd = cwd[0];
  for (unsigned i = 0; i < kRunFds; ++i) start.stdio[i] = received.fds[i];
  start.terminal = received.request.terminal != 0;
  start.led = led;
  return true;
}

void Release(Start& start) {
  if (start.size > 0) Raw(__NR_munmap, Arg(start.argv), static_cast<long>(start.size));
  start.size = 0;
}

// In the place of room-init: it does nothing meanwhile but wait for this process.
int Waiting(void* argument) {
  Ahead& ahead = *static_cast<Ahead*>(argument);
  Received received;
  Start& start = ahead.start;
  // Where the kernel groups the processes of a session for its scheduler, a new one is not cheap
  // (CONFIG_SCHED_AUTOGROUP).
  Raw(__NR_setsid);
  start.leads = true;
  if (!Receive(received, start.failure)) return 0;
  ahead.asked = sys::RawNow();
  if (!Complete(received, start.failure)) return 127;
  if (received.request.kind != RequestKind::kRun || received.request.process != 0 || received.request.terminal)
    return Failed(start, -EINVAL, "run.body", "recvmsg"), 127;
  return Read(received, false, start) ? Child(&start) : 127;
}

}  // namespace

bool Complete(const Received& received, Failure& failure) {
  // The limit on open files cut the descriptors off.
  return !received.cut && received.fd_count == kRunFds ? true : !init::Failed(failure, -EMFILE, "run.stdio", "recvmsg");
}

long Run(const Received& received, bool led, Failure& failure) {
  Start start{};
  long pid = 0;
  if (Read(received, led, start)) {
    pid = sys::VforkCall(CLONE_VM | CLONE_VFORK | SIGCHLD, child_stack + sizeof child_stack, Child, &start);
    if (Failed(start, pid, "run.fork", "clone")) pid = 0;
  }
  Release(start);
  failure = start.failure;
  // The child of a failed start is reaped with the orphans.
  return failure.error == 0 ? pid : 0;
}

bool Ahead::Make(Failure& failure) {
  int ends[2] = {-1, -1};
  if (init::Failed(failure, Raw(__NR_pipe2, Arg(ends), O_CLOEXEC), "run.fork", "pipe2")) return false;
  // The pages that it will need, which nobody else uses by then.
  for (long at = kPage; at <= static_cast<long>(kUsedStack); at += kPage) Touch(child_stack + sizeof child_stack - at);
  for (size_t i = 0; i < kFewPointers; i += kPage / sizeof(char*)) Touch(few_pointers + i);
  pid = sys::VforkCall(CLONE_VM | SIGCHLD, child_stack + sizeof child_stack, Waiting, this);
  Raw(__NR_close, ends[1]);
  done = ends[0];
  return !init::Failed(failure, pid, "run.fork", "clone");
}

long Ahead::Finish(Failure& failure) {
  Raw(__NR_close, done);
  done = -1;
  Release(start);
  failure = start.failure;
  return failure.error == 0 && asked != 0 ? pid : 0;
}

}  // namespace rooms::init
