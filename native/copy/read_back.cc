#include "copy/read_back.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

namespace rooms::copy {

namespace {

constexpr uint64_t kBlock = Ring::kAlignment;

uint64_t Up(uint64_t at) { return (at + kBlock - 1) / kBlock * kBlock; }

}  // namespace

bool ReadBack::Start(int written, const std::string& path, sys::Fault& fault) {
  path_ = path;
  // The same open file, so what it has to say of a lost write is said to this thread or to the writer, and is final in
  // both.
  writer_.reset(fcntl(written, F_DUPFD_CLOEXEC, 0));
  if (!writer_) return sys::Fail(fault, "copy.open", "fcntl", errno, path);
  // By its descriptor: whatever has that name now, this is the file that is written.
  const std::string same = "/proc/self/fd/" + std::to_string(written);
  reader_.reset(open(same.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  if (!reader_ && errno == EINVAL) {
    direct_ = false;
    reader_.reset(open(same.c_str(), O_RDONLY | O_CLOEXEC));
  }
  if (!reader_) return sys::Fail(fault, "copy.open", "openat", errno, path);
  // A piece may begin and end within a block.
  buffer_.reset(static_cast<char*>(aligned_alloc(kBlock, Ring::kBuffer + 2 * kBlock)));
  return buffer_ || sys::Fail(fault, "copy.memory", "mmap", ENOMEM);
}

void ReadBack::Written(uint64_t until) {
  std::lock_guard lock(mutex_);
  written_ = until;
  ++pieces_;
  more_.notify_one();
}

void ReadBack::Pause() {
  std::lock_guard lock(mutex_);
  paused_ = true;
  more_.notify_one();
}

void ReadBack::Resume() {
  std::lock_guard lock(mutex_);
  paused_ = false;
}

void ReadBack::Abandon() {
  std::lock_guard lock(mutex_);
  abandoned_ = true;
  more_.notify_one();
}

void ReadBack::Take(const Piece& piece, uint64_t batch) {
  if (piece.size == 0) return;
  const uint64_t at = at_;
  at_ += piece.size;
  ++turn_;
  if (failed_ || !same_ || cancelled_) return;
  if (!Sync(at_, batch)) {
    // Not read is not the same.
    same_ = false;
    return;
  }
  // Of a hole nothing was written.
  if (piece.bytes)
    failed_ = !Compare(piece.bytes, at, at_);
  else
    read_ += piece.size;
}

// Whether everything before `until` is on the device.
bool ReadBack::Sync(uint64_t until, uint64_t batch) {
  if (until <= synced_) return true;
  uint64_t written = 0;
  {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return abandoned_ || paused_ || pieces_ + 1 >= turn_ + batch; });
    written = written_;
    if (abandoned_ || written < until) return false;
  }
  if (fdatasync(writer_.get()) < 0) {
    sys::Fail(fault_, "copy.sync", "fdatasync", errno, path_);
    failed_ = true;
    return false;
  }
  synced_ = written;
  return true;
}

bool ReadBack::Compare(const char* bytes, uint64_t at, uint64_t until) {
  // O_DIRECT takes whole blocks.
  const uint64_t first = at / kBlock * kBlock;
  if (!direct_)
    posix_fadvise(reader_.get(), static_cast<off_t>(first), static_cast<off_t>(until - first), POSIX_FADV_DONTNEED);
  for (uint64_t from = first; from < until;) {
    ssize_t got = pread(reader_.get(), buffer_.get() + (from - first), Up(until) - from, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys::Fail(fault_, "copy.read", "pread64", errno, path_);
    from += static_cast<uint64_t>(got);
    // Shorter than what was written: the bytes are lost.
    const bool end = got == 0 || (direct_ && from % kBlock != 0);
    if (end && from < until) return same_ = false, true;
  }
  same_ = memcmp(buffer_.get() + (at - first), bytes, until - at) == 0;
  read_ += until - at;
  return true;
}

bool ReadBack::Good(sys::Fault& fault) const {
  if (failed_) fault = fault_;
  return !failed_;
}

}  // namespace rooms::copy
