#include "launch/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "launch/stack.h"
#include "launch/user_namespace.h"
#include "sys/clone.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

using sys::Arg;
using sys::Raw;

constexpr IdMap kRange{0, 524288, 65536};

// A step tried in a child that shares our memory while we wait: raw calls only, result in `error`.
struct Trial {
  long (*attempt)(int argument);
  int argument;
  uint64_t namespaces;
  int error;
};

int Attempt(void* argument) {
  Trial& trial = *static_cast<Trial*>(argument);
  long result = 0;
  // Where "/" is shared, as systemd makes it, what is mounted in the copy would appear on the host as well.
  if (trial.namespaces & CLONE_NEWNS) result = Raw(__NR_mount, 0, Arg("/"), 0, MS_REC | MS_PRIVATE, 0);
  if (result >= 0) result = trial.attempt(trial.argument);
  trial.error = result < 0 ? static_cast<int>(-result) : 0;
  return 0;
}

int Try(const Stack& stack, uint64_t flags, long (*attempt)(int), int argument = -1) {
  Trial trial{attempt, argument, flags, 0};
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND | flags;
  args.stack = reinterpret_cast<uint64_t>(stack.start());
  args.stack_size = stack.size();
  long pid = sys::CloneCall(args, Attempt, &trial);
  if (pid < 0) return static_cast<int>(-pid);
  while (waitpid(static_cast<pid_t>(pid), nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return trial.error;
}

long Nothing(int) { return 0; }

long NewTmpfs() {
  int context = sys::Fsopen("tmpfs");
  if (context < 0) return context;
  int created = sys::FsconfigCreate(context);
  return created < 0 ? created : sys::Fsmount(context, 0);
}

long TryMountApi(int) {
  long mount = NewTmpfs();
  return mount < 0 ? mount : sys::AttachMountAt(static_cast<int>(mount), AT_FDCWD, "/");
}

long TryMountSetattr(int) {
  long mount = NewTmpfs();
  return mount < 0 ? mount : sys::MountSetattr(static_cast<int>(mount), MOUNT_ATTR_RDONLY);
}

long TryDetachedClone(int) {
  long mount = NewTmpfs();
  return mount < 0 ? mount : sys::CloneMount(static_cast<int>(mount));
}

long TryTmpfsIdmap(int user_namespace) {
  long mount = NewTmpfs();
  return mount < 0 ? mount : sys::MountSetattr(static_cast<int>(mount), 0, false, user_namespace);
}

long TrySquashfs(int) { return sys::Fsopen("squashfs"); }
long TryErofs(int) { return sys::Fsopen("erofs"); }
long TryOverlay(int) { return sys::Fsopen("overlay"); }
long TryOpenat2(int) { return sys::Openat2(AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT); }
long TryCloseRange(int) { return Raw(__NR_close_range, 1'000'000, ~0u, 0); }
long TryPidfd(int) { return Raw(__NR_pidfd_open, Raw(__NR_getpid), 0); }
long TryLoop(int) { return Raw(__NR_openat, AT_FDCWD, Arg("/dev/loop-control"), O_RDWR | O_CLOEXEC); }

long TryMemfdExec(int) {
  // An empty file is no program (ENOEXEC); anything else is a refusal of memfds as such.
  long memory = Raw(__NR_memfd_create, Arg("probe"), MFD_CLOEXEC | MFD_EXEC);
  if (memory == -EINVAL) memory = Raw(__NR_memfd_create, Arg("probe"), MFD_CLOEXEC);
  if (memory < 0) return memory;
  const char* none[] = {nullptr};
  char path[32] = "/proc/self/fd/";
  char* end = path + 14;
  if (memory >= 10) *end++ = static_cast<char>('0' + memory / 10 % 10);
  *end++ = static_cast<char>('0' + memory % 10);
  long again = memory < 100 ? Raw(__NR_openat, AT_FDCWD, Arg(path), O_RDONLY | O_CLOEXEC) : -EMFILE;
  if (again < 0) return again;
  Raw(__NR_close, memory);
  long result = Raw(__NR_execveat, again, Arg(""), Arg(none), Arg(none), AT_EMPTY_PATH);
  return result == -ENOEXEC ? 0 : result;
}

long TrySeccomp(int) {
  sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  sock_fprog program{1, allow};
  Raw(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return Raw(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, Arg(&program));
}

// In PID and mount namespaces that belong to a user namespace. Where each PID namespace has its own, the file belongs
// to root of that; the one for all belongs to root of the host. Nothing is written: that would count on an older
// kernel.
long LookAtPidMax(int) {
  int context = sys::Fsopen("proc");
  if (context < 0) return context;
  int created = sys::FsconfigCreate(context);
  int proc = created < 0 ? created : sys::Fsmount(context, 0);
  if (proc < 0) return proc;
  struct stat info;
  long looked = Raw(__NR_newfstatat, proc, Arg("sys/kernel/pid_max"), Arg(&info), 0);
  if (looked < 0) return looked;
  return info.st_uid == 0 ? 0 : -EOPNOTSUPP;
}

long TryPidMax(int user_namespace) {
  long entered = Raw(__NR_setns, user_namespace, CLONE_NEWUSER);
  if (entered < 0) return entered;
  alignas(16) char stack[16 * 1024];
  Trial trial{LookAtPidMax, -1, CLONE_NEWNS, 0};
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_NEWPID | CLONE_NEWNS;
  args.stack = reinterpret_cast<uint64_t>(stack);
  args.stack_size = sizeof stack;
  long pid = sys::CloneCall(args, Attempt, &trial);
  if (pid < 0) return pid;
  Raw(__NR_wait4, pid, 0, static_cast<long>(__WALL), 0);
  return -trial.error;
}

}  // namespace

std::vector<Probe> ProbeKernel() {
  Stack stack;
  if (!stack) return {{"memory", ENOMEM}};
  sys::UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  sys::Fault fault;
  UserNamespace mapped = UserNamespace::Make(proc.get(), stack, kRange, kRange, fault);
  mapped.Reap();
  auto in_mounts = [&](long (*attempt)(int), int argument = -1) { return Try(stack, CLONE_NEWNS, attempt, argument); };
  return {{"clone3", Try(stack, 0, Nothing)},
          {"user-namespace", Try(stack, CLONE_NEWUSER, Nothing)},
          {"user-namespace-map", mapped ? 0 : fault.error},
          {"cgroup-namespace", Try(stack, CLONE_NEWCGROUP, Nothing)},
          {"network-namespace", Try(stack, CLONE_NEWNET, Nothing)},
          {"mount-api", in_mounts(TryMountApi)},
          {"mount-setattr", in_mounts(TryMountSetattr)},
          {"clone-detached-mount", in_mounts(TryDetachedClone)},
          {"tmpfs-idmap", mapped ? in_mounts(TryTmpfsIdmap, mapped.fd()) : fault.error},
          {"overlay", in_mounts(TryOverlay)},
          {"squashfs", in_mounts(TrySquashfs)},
          {"erofs", in_mounts(TryErofs)},
          {"openat2", Try(stack, 0, TryOpenat2)},
          {"close-range", Try(stack, 0, TryCloseRange)},
          {"pidfd", Try(stack, 0, TryPidfd)},
          {"loop", Try(stack, 0, TryLoop)},
          {"memfd-exec", Try(stack, 0, TryMemfdExec)},
          {"seccomp", Try(stack, 0, TrySeccomp)},
          {"pid-max", mapped ? Try(stack, 0, TryPidMax, mapped.fd()) : fault.error}};
}

int ProbePidMax() {
  Stack stack;
  if (!stack) return ENOMEM;
  sys::UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  sys::Fault fault;
  UserNamespace mapped = UserNamespace::Make(proc.get(), stack, kRange, kRange, fault);
  if (!mapped) return fault.error;
  mapped.Reap();
  return Try(stack, 0, TryPidMax, mapped.fd());
}

}  // namespace rooms::launch
