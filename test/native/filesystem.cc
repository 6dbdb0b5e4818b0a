#include "launch/filesystem.h"

#include <errno.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "check.h"
#include "launch/skeleton.h"

using namespace rooms;

namespace {

void MakesDetachedMounts() {
  sys::Fault fault;
  sys::UniqueFd mount = launch::NewFilesystem("test", "tmpfs", {{"size", "64k"}, {"mode", "0700"}}, 0, fault);
  ExpectNoFault(fault);
  struct statfs info;
  CHECK(fstatfs(mount.get(), &info) == 0 && info.f_blocks * static_cast<uint64_t>(info.f_bsize) == 64 << 10);
}

void SaysWhatTheKernelSays() {
  sys::Fault fault;
  CHECK(!launch::NewFilesystem("test", "no-such-fs", {}, 0, fault));
  CHECK(fault.error == ENODEV && fault.syscall == std::string("fsopen"));
  CHECK(!launch::NewFilesystem("test", "tmpfs", {{"size", "no number"}}, 0, fault));
  CHECK(fault.error == EINVAL && fault.path == "size" && fault.detail.find("size") != std::string::npos);
}

void MakesSkeletons() {
  sys::Fault fault;
  using plan::EntryKind;
  plan::SkeletonEntry entries[] = {{EntryKind::kDirectory, 0755, "etc", ""},
                                   {EntryKind::kFile, 0644, "etc/passwd", "root:x:0:0::/:/bin/sh\n"},
                                   {EntryKind::kLink, 0, "bin", "usr/bin"},
                                   {EntryKind::kDirectory, 01777, "tmp", ""}};
  sys::UniqueFd tree = launch::MakeSkeleton({entries, 4}, fault);
  ExpectNoFault(fault);
  char link[16] = {};
  CHECK(readlinkat(tree.get(), "bin", link, sizeof link) == 7 && link == std::string("usr/bin"));
  CHECK(faccessat(tree.get(), "etc/passwd", R_OK, 0) == 0);
  CHECK(unlinkat(tree.get(), "bin", 0) < 0 && errno == EROFS);
  plan::SkeletonEntry orphan[] = {{EntryKind::kFile, 0644, "no/parent", ""}};
  CHECK(!launch::MakeSkeleton({orphan, 1}, fault) && fault.error == ENOENT && fault.path == "no/parent");
}

}  // namespace

int main() {
  if (geteuid() != 0) return 77;
  MakesDetachedMounts();
  SaysWhatTheKernelSays();
  MakesSkeletons();
  return 0;
}
