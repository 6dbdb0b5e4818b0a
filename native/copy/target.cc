#include "copy/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy/ring.h"

namespace rooms::copy {

namespace {

// How far writing may be ahead of the disk.
constexpr uint64_t kWindow = 32 << 20;

// How much of it O_DIRECT takes: whole blocks.
size_t Blocks(const char* bytes, uint64_t size, uint64_t at) {
  const bool aligned = at % Ring::kAlignment == 0 && reinterpret_cast<uintptr_t>(bytes) % Ring::kAlignment == 0;
  return aligned ? size / Ring::kAlignment * Ring::kAlignment : 0;
}

}  // namespace

bool Target::Create(const std::string& path, bool direct, sys::Fault& fault) {
  path_ = path;
  fd_.reset(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  // Not to be asked for in open(2), which makes the file before it refuses the flag.
  direct_ = fd_ && direct && fcntl(fd_.get(), F_SETFL, O_DIRECT) == 0;
  return fd_ || sys::Fail(fault, "copy.create", "openat", errno, path);
}

bool Target::Reserve(uint64_t size, sys::Fault& fault) {
  // With the size kept: a copy that was cut off must not look as long as a whole one.
  return fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0 || errno == EOPNOTSUPP ||
         errno == ENOSYS || sys::Fail(fault, "copy.reserve", "fallocate", errno, path_);
}

bool Target::Clone(int source, uint64_t size, bool& cloned, sys::Fault& fault) {
  // What of the source is in memory only is written out by this, so both have the bytes of one moment:
  // ioctl_ficlone(2).
  cloned = ioctl(fd_.get(), FICLONE, source) == 0;
  // There are many reasons why not, and most of them none why a copy should fail.
  if (!cloned && errno == EIO) return sys::Fail(fault, "copy.clone", "ioctl", errno, path_);
  struct stat info;
  if (fstat(fd_.get(), &info) < 0) return sys::Fail(fault, "copy.clone", "fstat", errno, path_);
  // XFS may say of a part that it is all, and what is longer is a source that has changed.
  cloned = cloned && static_cast<uint64_t>(info.st_size) == size;
  if (!cloned)
    return info.st_size == 0 || ftruncate(fd_.get(), 0) == 0 ||
           sys::Fail(fault, "copy.clone", "ftruncate", errno, path_);
  written_ = behind_ = size;
  // And out of what the device would lose with the power.
  return fdatasync(fd_.get()) == 0 || sys::Fail(fault, "copy.sync", "fdatasync", errno, path_);
}

bool Target::Write(const char* bytes, uint64_t size, uint64_t at, sys::Fault& fault) {
  written_ = at + size;
  for (uint64_t done = 0; done < size;) {
    const size_t length = direct_ ? Blocks(bytes + done, size - done, at + done) : size - done;
    ssize_t written = length == 0 ? 0 : pwrite(fd_.get(), bytes + done, length, static_cast<off_t>(at + done));
    if (written < 0 && errno == EINTR) continue;
    if (direct_ && (length == 0 || (written < 0 && errno == EINVAL))) {
      // The end of a file, or a device with larger blocks: from here on as everybody writes.
      direct_ = false;
      if (fcntl(fd_.get(), F_SETFL, 0) < 0) return sys::Fail(fault, "copy.write", "fcntl", errno, path_);
      continue;
    }
    if (written < 0) return sys::Fail(fault, "copy.write", "pwrite64", errno, path_);
    done += static_cast<uint64_t>(written);
  }
  if (direct_) return Behind(written_, fault);
  // Begins to write it out without waiting; what is a window behind is waited for.
  if (sync_file_range(fd_.get(), static_cast<off_t>(at), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE) < 0 &&
      errno != ESPIPE && errno != EINVAL)
    return sys::Fail(fault, "copy.write", "sync_file_range", errno, path_);
  return written_ < kWindow || Behind(written_ - kWindow, fault);
}

bool Target::Behind(uint64_t until, sys::Fault& fault) {
  if (until <= behind_) return true;
  off_t from = static_cast<off_t>(behind_), length = static_cast<off_t>(until - behind_);
  constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  if (sync_file_range(fd_.get(), from, length, kWait) < 0 && errno != ESPIPE && errno != EINVAL)
    return sys::Fail(fault, "copy.write", "sync_file_range", errno, path_);
  posix_fadvise(fd_.get(), from, length, POSIX_FADV_DONTNEED);
  flushed_ += until - behind_;
  behind_ = until;
  return true;
}

bool Target::Finish(uint64_t size, uint32_t mode, sys::Fault& fault) {
  size_ = size;
  if (written_ < size && ftruncate(fd_.get(), static_cast<off_t>(size)) < 0)
    return sys::Fail(fault, "copy.write", "ftruncate", errno, path_);
  if (fchmod(fd_.get(), mode) < 0) return sys::Fail(fault, "copy.mode", "fchmod", errno, path_);
  return true;
}

bool Target::Sync(sys::Fault& fault) {
  if (fsync(fd_.get()) < 0) return sys::Fail(fault, "copy.sync", "fsync", errno, path_);
  posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  // Network file systems tell of a lost write here.
  if (close(fd_.take()) < 0 && errno != EINTR) return sys::Fail(fault, "copy.sync", "close", errno, path_);
  flushed_ += size_ - behind_;
  behind_ = size_;
  return true;
}

}  // namespace rooms::copy
