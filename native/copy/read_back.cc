#include "copy/read_back.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "copy/ring.h"

namespace rooms::copy {

ReadBack::~ReadBack() {
  {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  more_.notify_one();
  thread_.Join();
}

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
  buffer_.reset(static_cast<char*>(aligned_alloc(Ring::kAlignment, Ring::kBuffer)));
  if (!buffer_) return sys::Fail(fault, "copy.memory", "mmap", ENOMEM);
  digest_ = NewBlake3();
  int error = thread_.Start([this] { Follow(); });
  return error == 0 || sys::Fail(fault, "copy.thread", "pthread_create", error);
}

bool ReadBack::Written(uint64_t until) {
  std::lock_guard lock(mutex_);
  written_ = until;
  more_.notify_one();
  return !failed_;
}

bool ReadBack::End(uint64_t size, std::string& blake3, sys::Fault& fault) {
  {
    std::lock_guard lock(mutex_);
    written_ = size;
    ended_ = true;
  }
  more_.notify_one();
  thread_.Join();
  if (fault_.error) return fault = fault_, false;
  blake3 = digest_->Hex();
  return true;
}

bool ReadBack::Next(uint64_t at, uint64_t& until, bool& synced) {
  std::unique_lock lock(mutex_);
  more_.wait(lock, [&] { return ended_ || abandoned_ || written_ >= at + kStep; });
  // O_DIRECT takes whole blocks; what the last one is lacking comes with the end of the file.
  until = ended_ ? written_ : written_ / Ring::kAlignment * Ring::kAlignment;
  synced = ended_;
  return !abandoned_ && at < until;
}

void ReadBack::Follow() {
  uint64_t at = 0, until = 0;
  for (bool synced = false; Next(at, until, synced); at = until) {
    if (!synced && fdatasync(writer_.get()) < 0) sys::Fail(fault_, "copy.sync", "fdatasync", errno, path_);
    failed_ = fault_.error != 0 || !Read(at, until);
    if (failed_) return;
  }
}

bool ReadBack::Read(uint64_t at, uint64_t until) {
  if (!direct_)
    posix_fadvise(reader_.get(), static_cast<off_t>(at), static_cast<off_t>(until - at), POSIX_FADV_DONTNEED);
  while (at < until) {
    if (cancelled_) return sys::Fail(fault_, "copy.cancelled", "", ECANCELED);
    const size_t wanted = std::min<uint64_t>(Ring::kBuffer, until - at);
    const size_t blocks = (wanted + Ring::kAlignment - 1) / Ring::kAlignment * Ring::kAlignment;
    ssize_t got = pread(reader_.get(), buffer_.get(), direct_ ? blocks : wanted, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys::Fail(fault_, "copy.read", "pread64", errno, path_);
    // Shorter than what was written: the bytes are lost, and the digest is another.
    if (got == 0) return true;
    const size_t counted = std::min<size_t>(static_cast<size_t>(got), wanted);
    digest_->Update(buffer_.get(), counted);
    at += counted;
    read_ += counted;
  }
  return true;
}

}  // namespace rooms::copy
