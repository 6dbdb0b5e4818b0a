#include "copy/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "copy/source.h"
#include "sys/fd.h"

namespace rooms::copy {

namespace {

const char* KindOf(const struct stat& info, dev_t device) {
  switch (info.st_mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return info.st_dev == device ? "directory" : "mount";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "fifo";
    case S_IFSOCK:
      return "socket";
    case S_IFBLK:
      return "block";
    default:
      return "character";
  }
}

}  // namespace

bool ListTree(const std::string& root, uint64_t most, std::vector<TreeEntry>& entries, sys::Fault& fault) {
  sys::UniqueFd top(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat info;
  if (!top || fstat(top.get(), &info) < 0) return sys::Fail(fault, "tree.open", "openat", errno, root);
  const dev_t device = info.st_dev;
  std::vector<std::string> open_directories{"."};
  while (!open_directories.empty()) {
    std::string directory = std::move(open_directories.back());
    open_directories.pop_back();
    int opened = OpenBeneath(top.get(), directory, O_RDONLY | O_DIRECTORY);
    if (opened < 0) return sys::Fail(fault, "tree.open", "openat2", opened, directory);
    std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(opened), closedir);
    if (!stream) return close(opened), sys::Fail(fault, "tree.read", "fdopendir", ENOMEM, directory);
    for (;;) {
      errno = 0;
      dirent* found = readdir(stream.get());
      if (!found && errno != 0) return sys::Fail(fault, "tree.read", "getdents64", errno, directory);
      if (!found) break;
      std::string name = found->d_name;
      if (name == "." || name == "..") continue;
      std::string path = directory == "." ? std::string() : directory + "/";
      path += name;
      if (fstatat(dirfd(stream.get()), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0)
        return sys::Fail(fault, "tree.read", "newfstatat", errno, path);
      if (entries.size() == most) return sys::Fail(fault, "tree.size", "", E2BIG, root);
      TreeEntry entry;
      entry.path = path;
      entry.kind = KindOf(info, device);
      entry.size = static_cast<uint64_t>(info.st_size);
      entry.allocated = static_cast<uint64_t>(info.st_blocks) * 512;
      entry.links = info.st_nlink;
      entry.executable = (info.st_mode & 0111) != 0;
      if (S_ISREG(info.st_mode)) entry.version = VersionOf(info);
      if (strcmp(entry.kind, "directory") == 0) open_directories.push_back(path);
      entries.push_back(std::move(entry));
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const TreeEntry& left, const TreeEntry& right) { return left.path < right.path; });
  return true;
}

}  // namespace rooms::copy
