#include "launch/subtree.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init/protocol.h"
#include "launch/stack.h"
#include "sys/abi.h"
#include "sys/cgroup_directory.h"
#include "sys/clone.h"
#include "sys/message.h"

namespace rooms::launch {

namespace {

using sys::Arg;
using sys::Raw;

struct KeeperStart {
  int lifeline, subtree, parent, init;
  int error;
};

// In memory shared with Node until execve: raw calls only, as in native/child.
int BecomeKeeper(void* argument) {
  KeeperStart& start = *static_cast<KeeperStart*>(argument);
  Raw(__NR_setsid);
  long result = 0;
  const int sources[] = {start.lifeline, start.subtree, start.parent};
  for (int fd = 0; fd < 3 && result >= 0; ++fd) result = Raw(__NR_dup3, sources[fd], fd, 0);
  if (result >= 0) result = Raw(__NR_dup3, start.init, 3, O_CLOEXEC);
  if (result >= 0) result = Raw(__NR_close_range, 4, ~0u, 0);
  const char* argv[] = {"room-keeper", nullptr};
  const char* env[] = {nullptr};
  if (result >= 0) result = Raw(__NR_execveat, 3, Arg(""), Arg(argv), Arg(env), AT_EMPTY_PATH);
  start.error = static_cast<int>(-result);
  return 127;
}

}  // namespace

bool Subtree::Open(const AnchorPlan& plan, Workshop& workshop, sys::Fault& fault) {
  if (plan.cgroup.empty()) return true;
  size_t slash = plan.cgroup.rfind('/');
  std::string above = plan.cgroup.substr(0, slash), name = plan.cgroup.substr(slash + 1);
  if (name.size() >= init::kMaxSubtreeName)
    return sys::Fail(fault, "cgroup.subtree", "mkdirat", ENAMETOOLONG, plan.cgroup);
  int opened = OpenHost(workshop, above.c_str(), O_RDONLY | O_DIRECTORY);
  if (opened < 0) return sys::Fail(fault, "cgroup.subtree", "openat2", opened, above);
  sys::UniqueFd parent(opened);
  if (mkdirat(parent.get(), name.c_str(), 0755) < 0)
    return sys::Fail(fault, "cgroup.subtree", "mkdirat", errno, plan.cgroup);
  workshop.cgroup.reset(openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  workshop.cgroup_path = plan.cgroup;
  bool ok = workshop.cgroup ? true : sys::Fail(fault, "cgroup.subtree", "openat", errno, plan.cgroup);
  if (ok && !plan.controllers.empty()) {
    sys::UniqueFd control(openat(workshop.cgroup.get(), "cgroup.subtree_control", O_WRONLY | O_CLOEXEC));
    ssize_t size = static_cast<ssize_t>(plan.controllers.size());
    if (!control || write(control.get(), plan.controllers.data(), plan.controllers.size()) != size)
      ok = sys::Fail(fault, "cgroup.subtree", "write", errno, plan.cgroup + "/cgroup.subtree_control");
  }
  if (ok && StartKeeper(workshop, parent.get(), name, fault)) return true;
  sys::RemoveCgroup(parent.get(), name.c_str(), 1000);
  return false;
}

bool Subtree::StartKeeper(const Workshop& workshop, int parent, const std::string& name, sys::Fault& fault) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return sys::Fail(fault, "keeper", "socketpair", errno);
  sys::UniqueFd ours(ends[0]), theirs(ends[1]);
  Stack stack;
  if (!stack) return sys::Fail(fault, "keeper", "mmap", ENOMEM);
  // Numbers above 3, which the keeper's own descriptors are moved to.
  KeeperStart start{theirs.get(), workshop.cgroup.get(), parent, workshop.init.get(), 0};
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND;
  args.exit_signal = SIGCHLD;
  args.stack = reinterpret_cast<uint64_t>(stack.start());
  args.stack_size = stack.size();
  long pid = sys::CloneCall(args, BecomeKeeper, &start);
  if (pid < 0) return sys::Fail(fault, "keeper", "clone3", pid);
  if (start.error != 0) {
    waitpid(static_cast<pid_t>(pid), nullptr, 0);
    return sys::Fail(fault, "keeper", "execveat", start.error);
  }
  keeper_ = static_cast<pid_t>(pid);
  lifeline_ = std::move(ours);
  int sent = sys::SendMessage(lifeline_.get(), name.data(), name.size(), nullptr, 0, 0);
  return sent < 0 ? sys::Fail(fault, "keeper", "sendmsg", sent) : true;
}

Subtree::~Subtree() {
  if (keeper_ < 0) return;
  lifeline_.reset();
  while (waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace rooms::launch
