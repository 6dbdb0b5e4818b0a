#include "sys/open_in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>

#include "check.h"
#include "sys/fd.h"
#include "sys/mount_api.h"

using namespace rooms;

namespace {

// What was opened, or why not.
struct Answer {
  int error = 0;
  dev_t device = 0;
  ino_t file = 0;
  std::string text;

  bool operator==(const Answer&) const = default;
};

Answer Look(int opened) {
  if (opened < 0) return {-opened, 0, 0, strerrorname_np(-opened)};
  sys::UniqueFd fd(opened);
  struct stat info;
  CHECK(fstat(opened, &info) == 0);
  return {0, info.st_dev, info.st_ino, std::to_string(info.st_ino)};
}

class Tree {
 public:
  Tree() {
    CHECK(mkdtemp(above_) != nullptr);
    root_ = std::string(above_) + "/root";
    CHECK(mkdir(root_.c_str(), 0755) == 0);
    fd.reset(open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    CHECK(fd);
  }
  ~Tree() { std::filesystem::remove_all(above_); }

  std::string At(const std::string& path) const { return root_ + "/" + path; }
  void Directory(const char* path) { CHECK(mkdir(At(path).c_str(), 0755) == 0); }
  void File(const char* path) { CHECK(mknod(At(path).c_str(), S_IFREG | 0644, 0) == 0); }
  void Link(const char* path, const char* to) { CHECK(symlink(to, At(path).c_str()) == 0); }

  sys::UniqueFd fd;

 private:
  char above_[32] = "/tmp/anchor-walk-XXXXXX";
  std::string root_;
};

void Same(const Tree& tree, const std::string& path, uint64_t flags, uint64_t resolve) {
  // Until nobody on this machine renames anything meanwhile.
  Answer kernel;
  do kernel = Look(sys::Openat2(tree.fd.get(), path.c_str(), flags, 0, resolve | RESOLVE_IN_ROOT));
  while (kernel.error == EAGAIN);
  Answer walk = Look(sys::WalkInRoot(tree.fd.get(), path.c_str(), flags, 0, resolve));
  if (walk == kernel) return;
  fprintf(stderr, "%s, flags %lo, resolve %lx: the kernel says %s, the walk %s\n", path.c_str(), flags, resolve,
          kernel.text.c_str(), walk.text.c_str());
  exit(1);
}

void IsWhatTheKernelDoes() {
  Tree tree;
  for (const char* path : {"a", "a/b", "a/b/c", "x"}) tree.Directory(path);
  for (const char* path : {"f", "a/f", "a/b/c/f"}) tree.File(path);
  const char* links[][2] = {
      {"up", ".."},           {"a/up", "../x"},     {"a/b/top", "/a"},   {"a/b/climb", "../../../../a/f"},
      {"loop", "loop"},       {"x/one", "two/"},    {"x/two", "../a/b"}, {"none", "x/nothing"},
      {"slash", "a/"},        {"file", "f/"},       {"dot", "."},        {"a/b/c/d", "./../c/../../b"},
      {"ab", "/../../a//b/"}, {"x/long", "../a/up"}};
  for (auto& [path, to] : links) tree.Link(path, to);
  tree.Link("deep", (std::string(4000, '/') + "a").c_str());
  constexpr const char* kNames[] = {"a", "b",    "c",    "f",   "x",     "..",   "..",  ".",    "up", "top",
                                    "d", "loop", "none", "one", "climb", "file", "dot", "long", "ab", "nothing"};
  std::mt19937 random(1);
  auto below = [&](size_t most) { return random() % most; };
  constexpr uint64_t kFlags[] = {O_PATH, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_RDONLY, O_RDONLY | O_NOFOLLOW};
  constexpr uint64_t kResolve[] = {RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
                                   0};
  for (int round = 0; round < 200'000; ++round) {
    std::string path(below(3), '/');
    for (size_t names = below(8); names > 0; --names)
      path += std::string(kNames[below(std::size(kNames))]) + std::string(1 + below(2), '/');
    if (below(2)) path = path.substr(0, path.find_last_not_of('/') + 1);
    Same(tree, path, kFlags[below(std::size(kFlags))] | O_CLOEXEC, kResolve[below(std::size(kResolve))]);
  }
  for (const char* path : {"", "/", "deep", "deep/b"}) Same(tree, path, O_PATH, 0);
  Same(tree, std::string(4095, '/'), O_PATH, 0);
  Same(tree, std::string(4096, '/'), O_PATH, 0);
  Same(tree, std::string(300, 'n'), O_PATH, 0);
}

void FollowsNoMagicLink() {
  Tree tree;
  sys::UniqueFd proc(open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const char* path : {"self/root", "self/fd/0", "self/cwd/x", "self/exe"})
    for (uint64_t resolve : {uint64_t{RESOLVE_NO_MAGICLINKS}, uint64_t{0}})
      CHECK(Look(sys::WalkInRoot(proc.get(), path, O_PATH, 0, resolve)) ==
            Look(sys::Openat2(proc.get(), path, O_PATH, 0, resolve | RESOLVE_IN_ROOT)));
  CHECK(Look(sys::WalkInRoot(proc.get(), "../self/status", O_PATH, 0, RESOLVE_NO_MAGICLINKS)).error == 0);
}

void MakesWhatIsMissing() {
  Tree tree;
  tree.Directory("a");
  tree.Link("a/to", "../new");
  tree.Link("a/there", "../a");
  int flags = O_CREAT | O_WRONLY | O_CLOEXEC;
  CHECK(Look(sys::WalkInRoot(tree.fd.get(), "a/to", static_cast<uint64_t>(flags | O_EXCL), 0644, 0)).error == EEXIST);
  CHECK(access(tree.At("new").c_str(), F_OK) != 0);
  CHECK(Look(sys::WalkInRoot(tree.fd.get(), "a/there/to", static_cast<uint64_t>(flags), 0644, 0)).error == 0);
  CHECK(access(tree.At("new").c_str(), F_OK) == 0);
  CHECK(Look(sys::WalkInRoot(tree.fd.get(), "a/../other/", static_cast<uint64_t>(flags), 0644, 0)).error == EISDIR);
  CHECK(Look(sys::WalkInRoot(tree.fd.get(), "a/../../x", static_cast<uint64_t>(flags), 0644, 0)).error == 0);
  CHECK(access(tree.At("x").c_str(), F_OK) == 0);
}

}  // namespace

int main() {
  IsWhatTheKernelDoes();
  FollowsNoMagicLink();
  MakesWhatIsMissing();
}
