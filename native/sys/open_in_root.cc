#include "sys/open_in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "sys/mount_api.h"

namespace rooms::sys {

namespace {

constexpr unsigned kMaxPath = 4096;
constexpr int kMaxLinks = 40;  // as the kernel counts
constexpr int kAttempts = 8;
constexpr int kWalks = 256;

unsigned Length(const char* text) {
  unsigned length = 0;
  while (text[length]) ++length;
  return length;
}

// Runs in room-init too: no libc.
class Walk {
 public:
  Walk(int root, uint64_t resolve) : root_(root), resolve_(resolve) {}

  int Open(const char* path, uint64_t flags, uint64_t mode) {
    if (path[0] == '\0') return -ENOENT;
    if (!Follow(path, Length(path))) return -ENAMETOOLONG;
    // O_EXCL wants to make it, and O_NOFOLLOW the link itself.
    bool follow = !(flags & O_NOFOLLOW) && (~flags & (O_CREAT | O_EXCL));
    while (TakeName()) {
      if (int error = Step(follow)) return error;
    }
    if (length_ == 0) return Openat(".", flags, mode, 0);
    if (directory_ && !Append("", 0)) return -ENAMETOOLONG;
    int opened = Openat(done_, flags, mode, RESOLVE_NO_SYMLINKS);
    return opened == -ELOOP && follow && !(resolve_ & RESOLVE_NO_SYMLINKS) ? -EAGAIN : opened;
  }

 private:
  int Openat(const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) const {
    return Openat2(root_, path, flags, mode, resolve_ | resolve | RESOLVE_IN_ROOT);
  }

  // Puts `text` before what is left of the path.
  bool Follow(const char* text, unsigned length) {
    unsigned left = end_ - at_;
    if (length + left >= kMaxPath) return false;
    if (length > at_)
      for (unsigned i = left; i-- > 0;) left_[length + i] = left_[at_ + i];
    else
      for (unsigned i = 0; i < left; ++i) left_[length + i] = left_[at_ + i];
    for (unsigned i = 0; i < length; ++i) left_[i] = text[i];
    at_ = 0;
    end_ = length + left;
    if (length > 0 && text[0] == '/') length_ = 0;
    return true;
  }

  bool TakeName() {
    while (at_ < end_ && left_[at_] == '/') ++at_;
    name_ = left_ + at_;
    name_length_ = 0;
    while (at_ < end_ && left_[at_] != '/') ++at_, ++name_length_;
    directory_ = name_length_ == 0 ? directory_ : at_ < end_;
    return name_length_ > 0;
  }

  bool IsLast() const {
    unsigned at = at_;
    while (at < end_ && left_[at] == '/') ++at;
    return at == end_;
  }

  bool Append(const char* name, unsigned length) {
    if (length_ + 1 + length >= kMaxPath) return false;
    if (length_ > 0) done_[length_++] = '/';
    for (unsigned i = 0; i < length; ++i) done_[length_++] = name[i];
    done_[length_] = '\0';
    return true;
  }

  void DropLast() {
    while (length_ > 0 && done_[length_ - 1] != '/') --length_;
    if (length_ > 0) --length_;
    done_[length_] = '\0';
  }

  // One name of the path; 0 or -errno.
  int Step(bool follow) {
    bool dots = name_length_ <= 2 && name_[0] == '.' && name_[name_length_ - 1] == '.';
    if (dots) {
      if (name_length_ == 2) DropLast();
      directory_ = true;
      return 0;
    }
    if (!Append(name_, name_length_)) return -ENAMETOOLONG;
    bool last = IsLast();
    if (last && !directory_ && !follow) return 0;
    int opened = Openat(done_, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, RESOLVE_NO_SYMLINKS);
    if (opened == -ENOENT && last) return 0;  // it may be made
    if (opened == -ELOOP && !(resolve_ & RESOLVE_NO_SYMLINKS)) return -EAGAIN;
    if (opened < 0) return opened;
    int result = Look(opened);
    Raw(__NR_close, opened);
    return result;
  }

  int Look(int opened) {
    struct stat info;
    if (long result = Raw(__NR_fstat, opened, Arg(&info)); result < 0) return static_cast<int>(result);
    if (!S_ISLNK(info.st_mode)) return directory_ && !S_ISDIR(info.st_mode) ? -ENOTDIR : 0;
    if (resolve_ & RESOLVE_NO_SYMLINKS || ++links_ > kMaxLinks) return -ELOOP;
    // The kernel knows which links are none of text (/proc/self/fd/0), and which it follows for nobody.
    int target = Openat(done_, O_PATH | O_CLOEXEC, 0, 0);
    if (target >= 0)
      Raw(__NR_close, target);
    else if (target != -EAGAIN && target != -ENOENT && target != -ENOTDIR)
      return target;
    char text[kMaxPath];
    long length = Raw(__NR_readlinkat, opened, Arg(""), Arg(text), sizeof text);
    if (length <= 0) return length < 0 ? static_cast<int>(length) : -ENOENT;
    DropLast();
    return Follow(text, static_cast<unsigned>(length)) ? 0 : -ENAMETOOLONG;
  }

  const int root_;
  const uint64_t resolve_;
  char done_[kMaxPath];  // without links and dots, from the root
  unsigned length_ = 0;
  char left_[kMaxPath];  // from at_ to end_
  unsigned at_ = 0;
  unsigned end_ = 0;
  const char* name_ = left_;
  unsigned name_length_ = 0;
  bool directory_ = false;  // the name must be one: a slash or dots come after it
  int links_ = 0;
};

}  // namespace

int WalkInRoot(int root, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  return Walk(root, resolve).Open(path, flags, mode);
}

int OpenInRoot(int root, const char* path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  int opened = -EAGAIN;
  for (int i = 0; opened == -EAGAIN && i < kAttempts; ++i)
    opened = Openat2(root, path, flags, mode, resolve | RESOLVE_IN_ROOT);
  for (int i = 0; opened == -EAGAIN && i < kWalks; ++i) opened = WalkInRoot(root, path, flags, mode, resolve);
  return opened;
}

}  // namespace rooms::sys
