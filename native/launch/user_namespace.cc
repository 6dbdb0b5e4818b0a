#include "launch/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/child.h"
#include "sys/abi.h"
#include "sys/clone.h"
#include "sys/insist.h"

namespace rooms::launch {

namespace {

using sys::Raw;

// The effective id of this thread alone, for a moment. The kernel counts what a namespace has for its maker as well, up
// to the host: without this, one room could take all that root may have of inotify instances or pending signals.
class EffectiveId {
 public:
  explicit EffectiveId(uint32_t id) {
    if (id == UserNamespace::kOurs) return;
    dumpable_ = static_cast<int>(Raw(__NR_prctl, PR_GET_DUMPABLE));
    before_ = geteuid();
    result_ = Raw(__NR_setresuid, -1, id, -1);
    changed_ = result_ == 0;
  }
  ~EffectiveId() {
    if (!changed_) return;
    // A thread that keeps a stranger's id must not go on.
    sys::Insist([this] { return Raw(__NR_setresuid, -1, before_, -1); });
    // Memory is shared with Node, and the kernel takes it for that of a set-user-id program now.
    if (dumpable_ == 1) Raw(__NR_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  EffectiveId(const EffectiveId&) = delete;
  EffectiveId& operator=(const EffectiveId&) = delete;
  // 0, or -errno: the id is what it was.
  long result() const { return result_; }

 private:
  long result_ = 0;
  uid_t before_ = 0;
  int dumpable_ = 0;
  bool changed_ = false;
};

// As people know it, and as it is opened: by the descriptor of the host's /proc.
const char* BelowProc(const char* path) { return path + sizeof "/proc/" - 1; }

bool WriteMap(int proc, long pid, const char* file, IdMap map, sys::Fault& fault) {
  char path[48], text[48];
  snprintf(path, sizeof path, "/proc/%ld/%s", pid, file);
  int length = snprintf(text, sizeof text, "%u %u %u", map.inside, map.outside, map.size);
  sys::UniqueFd fd(openat(proc, BelowProc(path), O_WRONLY | O_CLOEXEC));
  if (!fd) return sys::Fail(fault, "userns.create", "openat", errno, path);
  if (write(fd.get(), text, static_cast<size_t>(length)) != length)
    return sys::Fail(fault, "userns.create", "write", errno, path);
  return true;
}

}  // namespace

UserNamespace& UserNamespace::operator=(UserNamespace&& other) noexcept {
  Reap();
  fd_ = std::move(other.fd_);
  maker_ = std::exchange(other.maker_, -1);
  return *this;
}

UserNamespace UserNamespace::Make(int proc, const Stack& stack, IdMap uids, IdMap gids, sys::Fault& fault,
                                  uint32_t owner) {
  UserNamespace made;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) {
    sys::Fail(fault, "userns.create", "pipe2", errno);
    return made;
  }
  sys::UniqueFd wait_end(ends[0]), go_end(ends[1]);

  clone_args args{};
  args.flags = CLONE_VM | CLONE_NEWUSER | CLONE_CLEAR_SIGHAND;
  args.stack = reinterpret_cast<uint64_t>(stack.start());
  args.stack_size = stack.size();
  // Its descriptor's number, not its address: this frame may be gone when the child looks.
  long pid;
  {
    EffectiveId id(owner);
    if (id.result() < 0) {
      sys::Fail(fault, "userns.create", "setresuid", id.result());
      return made;
    }
    pid = sys::CloneCall(args, child::WaitUntilTold, reinterpret_cast<void*>(static_cast<intptr_t>(ends[0])));
  }
  if (pid < 0) {
    sys::Fail(fault, "userns.create", "clone3", pid);
    return made;
  }
  made.maker_ = static_cast<pid_t>(pid);
  if (WriteMap(proc, pid, "uid_map", uids, fault) && WriteMap(proc, pid, "gid_map", gids, fault)) {
    char path[48];
    snprintf(path, sizeof path, "/proc/%ld/ns/user", pid);
    made.fd_.reset(openat(proc, BelowProc(path), O_RDONLY | O_CLOEXEC));
    if (!made.fd_) sys::Fail(fault, "userns.create", "openat", errno, path);
  }
  // Whoever is not told would keep us waiting when it is reaped.
  if (write(go_end.get(), "", 1) != 1) Raw(__NR_kill, pid, SIGKILL);
  return made;
}

void UserNamespace::Reap() {
  if (maker_ < 0) return;
  // exit_signal 0: invisible to SIGCHLD handlers, and waited for with __WALL.
  while (waitpid(maker_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  maker_ = -1;
}

}  // namespace rooms::launch
