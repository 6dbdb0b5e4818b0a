#include "launch/subtree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/protocol.h"
#include "launch/stack.h"
#include "sys/cgroup_directory.h"
#include "sys/message.h"

namespace rooms::launch {

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
  if (!keeper_.StartKeeper(workshop, stack, {theirs.get(), workshop.cgroup.get(), parent}, fault)) return false;
  lifeline_ = std::move(ours);
  int sent = sys::SendMessage(lifeline_.get(), name.data(), name.size(), nullptr, 0, 0);
  return sent < 0 ? sys::Fail(fault, "keeper", "sendmsg", sent) : true;
}

// It is not killed: it ends when it has removed what there is.
Subtree::~Subtree() {
  lifeline_.reset();
  keeper_.Wait();
}

}  // namespace rooms::launch
