#include "copy/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "copy/ring.h"
#include "sys/abi.h"
#include "sys/raw.h"

namespace rooms::copy {

std::string VersionOf(const struct stat& info) {
  auto time = [](const timespec& at) { return std::to_string(at.tv_sec * 1'000'000'000LL + at.tv_nsec); };
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + ":" + std::to_string(info.st_size) + ":" +
         time(info.st_mtim) + ":" + time(info.st_ctim);
}

int OpenBeneath(int root, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return static_cast<int>(
      sys::Raw(__NR_openat2, root, sys::Arg(path.c_str()), sys::Arg(&how), static_cast<long>(sizeof how)));
}

bool Source::Open(int root, const std::string& path, const std::string& expected, bool past_cache, sys::Fault& fault) {
  path_ = path;
  int opened = OpenBeneath(root, path, O_RDONLY);
  if (opened < 0) return sys::Fail(fault, "copy.open", "openat2", opened, path);
  fd_.reset(opened);
  struct stat info;
  if (fstat(fd_.get(), &info) < 0) return sys::Fail(fault, "copy.open", "fstat", errno, path);
  if (!S_ISREG(info.st_mode)) return sys::Fail(fault, "copy.kind", "fstat", EINVAL, path);
  version_ = VersionOf(info);
  if (!expected.empty() && expected != version_) return Changed(fault);
  size_ = static_cast<uint64_t>(info.st_size);
  holes_ = static_cast<uint64_t>(info.st_blocks) * 512 < size_;
  if (!past_cache) {
    LookAtCache();
    posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    if (size_ > Ring::kBuffer) OpenPastCache(fd_.get());
    return true;
  }
  // What is clean goes; what somebody has mapped stays, and is gone around where the file system can do that.
  posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  opened = OpenBeneath(root, path, O_RDONLY | O_DIRECT);
  if (opened == -EINVAL) return true;
  if (opened < 0) return sys::Fail(fault, "copy.open", "openat2", opened, path);
  fd_.reset(opened);
  direct_ = true;
  return Unchanged(fault);
}

void Source::LookAtCache() {
  if (size_ == 0) return;
  const size_t pages = Ring::kBuffer / 4096;
  void* map = mmap(nullptr, size_, PROT_NONE, MAP_SHARED, fd_.get(), 0);
  if (map == MAP_FAILED) return;
  resident_.resize((size_ + Ring::kBuffer - 1) / Ring::kBuffer);
  unsigned char seen[Ring::kBuffer / 4096];
  for (size_t i = 0; i < resident_.size(); ++i) {
    uint64_t at = i * Ring::kBuffer;
    size_t length = std::min<uint64_t>(Ring::kBuffer, size_ - at);
    if (mincore(static_cast<char*>(map) + at, length, seen) < 0) break;
    size_t count = std::min(pages, (length + 4095) / 4096);
    resident_[i] = std::any_of(seen, seen + count, [](unsigned char page) { return page & 1; });
  }
  munmap(map, size_);
}

// By its descriptor, so that it is the same file. Where that is refused, it is read as everybody reads.
void Source::OpenPastCache(int fd) {
  const std::string same = "/proc/self/fd/" + std::to_string(fd);
  direct_fd_.reset(open(same.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC | O_NOCTTY));
}

bool Source::ReadClone(int clone, sys::Fault& fault) {
  const std::string same = "/proc/self/fd/" + std::to_string(clone);
  clone_.reset(open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!clone_) return sys::Fail(fault, "copy.open", "openat", errno, path_);
  OpenPastCache(clone);
  return true;
}

bool Source::Resident(uint64_t at) const {
  const size_t piece = at / Ring::kBuffer;
  return piece < resident_.size() && resident_[piece];
}

bool Source::NextData(uint64_t from, uint64_t& start, uint64_t& end, sys::Fault& fault) const {
  start = from;
  end = size_;
  if (!holes_ || from >= size_) return true;
  off_t data = lseek(Reader(), static_cast<off_t>(from), SEEK_DATA);
  if (data < 0 && errno == ENXIO) data = static_cast<off_t>(size_);  // nothing but a hole is left
  if (data < 0) return sys::Fail(fault, "copy.read", "lseek", errno, path_);
  start = std::min(static_cast<uint64_t>(data), size_);
  if (start == size_) return true;
  off_t hole = lseek(Reader(), data, SEEK_HOLE);
  if (hole < 0) return sys::Fail(fault, "copy.read", "lseek", errno, path_);
  end = std::min(static_cast<uint64_t>(hole), size_);
  return end > start || Changed(fault);
}

int64_t Source::Read(char* buffer, uint64_t at, uint64_t end, sys::Fault& fault) {
  size_t wanted = std::min<uint64_t>(Ring::kBuffer, end - at);
  for (;;) {
    // What nobody has read lately is not copied through the page cache.
    const bool cold = direct_fd_ && at % Ring::kAlignment == 0 && (clone_ || !Resident(at));
    // O_DIRECT takes whole blocks only, and stops at the end of the file by itself.
    const size_t blocks = (wanted + Ring::kAlignment - 1) / Ring::kAlignment * Ring::kAlignment;
    ssize_t got =
        pread(cold ? direct_fd_.get() : Reader(), buffer, cold || direct_ ? blocks : wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EINVAL && cold) {
      direct_fd_.reset();
      continue;
    }
    if (got < 0) return sys::Fail(fault, "copy.read", "pread64", errno, path_), -1;
    got = std::min<int64_t>(got, static_cast<int64_t>(wanted));
    from_device_ = from_device_ && cold;
    return !clone_ || Compare(buffer, at, static_cast<size_t>(got), fault) ? got : -1;
  }
}

// What was written to the source is in the page cache as it was written, whatever the device has made of it.
bool Source::Compare(const char* bytes, uint64_t at, size_t size, sys::Fault& fault) {
  if (size == 0 || (!Resident(at) && !Resident(at + size - 1))) return true;
  cached_.resize(Ring::kBuffer);
  for (size_t done = 0; done < size;) {
    ssize_t got = pread(fd_.get(), cached_.data() + done, size - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys::Fail(fault, "copy.read", "pread64", errno, path_);
    if (got == 0) return Changed(fault);
    done += static_cast<size_t>(got);
  }
  same_ = same_ && memcmp(bytes, cached_.data(), size) == 0;
  return true;
}

void Source::Drop(uint64_t at, uint64_t size) const {
  // Somebody else may be using it; of a clone nobody does yet. O_DIRECT of btrfs may have gone through the page cache.
  if (Resident(at) && !clone_) return;
  posix_fadvise(Reader(), static_cast<off_t>(at), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
}

bool Source::Unchanged(sys::Fault& fault) const {
  struct stat info;
  if (fstat(fd_.get(), &info) < 0) return sys::Fail(fault, "copy.read", "fstat", errno, path_);
  return VersionOf(info) == version_ || Changed(fault);
}

bool Source::Changed(sys::Fault& fault) const { return sys::Fail(fault, "copy.changed", "fstat", ESTALE, path_); }

}  // namespace rooms::copy
