#include "launch/leaf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string_view>

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
    auto failed = [&](const char* syscall, int error) {
      return sys::Fail(fault, "cgroup.write", syscall, error,
                       std::string(plan.parent) + "/" + plan.leaf + "/" + entry.file);
    };
    sys::UniqueFd file(openat(directory_.get(), entry.file, O_WRONLY | O_CLOEXEC));
    if (!file) return failed("openat", errno);
    ssize_t size = static_cast<ssize_t>(strlen(entry.value));
    ssize_t written = write(file.get(), entry.value, strlen(entry.value));
    if (written != size) return failed("write", written < 0 ? errno : EIO);
  }
  return true;
}

bool Leaf::Starved() const {
  if (!directory_) return false;
  sys::UniqueFd file(openat(directory_.get(), "memory.events", O_RDONLY | O_CLOEXEC));
  char text[512];
  ssize_t size = file ? read(file.get(), text, sizeof text) : 0;
  std::string_view events(text, size > 0 ? static_cast<size_t>(size) : 0);
  constexpr std::string_view kKills = "\noom_kill ";
  size_t at = events.find(kKills);
  return at != events.npos && at + kKills.size() < events.size() && events[at + kKills.size()] != '0';
}

Leaf::~Leaf() {
  if (parent_ >= 0) sys::RemoveCgroup(parent_, name_.c_str(), 1000);
}

}  // namespace rooms::launch
