#include "launch/leaf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/cgroup_directory.h"

namespace rooms::launch {

bool Leaf::Create(const Workshop& workshop, const plan::Cgroup& plan, sys::Fault& fault) {
  if (workshop.cgroup_path != plan.parent) return sys::Fail(fault, "cgroup.create", "mkdirat", EINVAL, plan.parent);
  std::string path = workshop.cgroup_path + "/" + plan.leaf;
  if (mkdirat(workshop.cgroup.get(), plan.leaf, 0755) < 0)
    return sys::Fail(fault, "cgroup.create", "mkdirat", errno, path);
  parent_ = workshop.cgroup.get();
  name_ = plan.leaf;
  directory_.reset(openat(parent_, plan.leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory_ ? true : sys::Fail(fault, "cgroup.create", "openat", errno, path);
}

bool Leaf::Arm(const plan::Cgroup& plan, sys::Fault& fault) {
  for (const plan::CgroupWrite& entry : plan.writes) {
    sys::UniqueFd file(openat(directory_.get(), entry.file, O_WRONLY | O_CLOEXEC));
    if (!file) return sys::Fail(fault, "cgroup.write", "openat", errno, entry.file);
    ssize_t size = static_cast<ssize_t>(strlen(entry.value));
    if (write(file.get(), entry.value, strlen(entry.value)) != size)
      return sys::Fail(fault, "cgroup.write", "write", errno, entry.file);
  }
  return true;
}

Leaf::~Leaf() {
  if (parent_ >= 0) sys::RemoveCgroup(parent_, name_.c_str(), 1000);
}

}  // namespace rooms::launch
