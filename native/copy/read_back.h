#pragma once

#include <stdint.h>
#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "copy/ring.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::copy {

// Reads a file back from the device while the rest of it is still being written, and compares it with what was to be
// written, which is in the ring until then: no digest is as cheap. Nothing is read that an fdatasync(2) has not brought
// to the device before, so it is worth as much as reading all of it at the end: only the disk does both at once.
class ReadBack {
 public:
  // A file of less is not worth a thread.
  static constexpr uint64_t kLeast = 64 << 20;
  // How many pieces share one fdatasync(2): half of the ring, so that the others go on meanwhile.
  static constexpr uint64_t kBatch = Ring::kSlots / 2;

  // `read` counts up with what was read.
  ReadBack(std::atomic<uint64_t>& read, const std::atomic<bool>& cancelled) : read_(read), cancelled_(cancelled) {}
  ReadBack(const ReadBack&) = delete;
  ReadBack& operator=(const ReadBack&) = delete;

  // `written`: the new file, open for writing.
  bool Start(int written, const std::string& path, sys::Fault& fault);

  // By the writer: one more piece, or that there is none until Resume(), or none that is worth reading.
  void Written(uint64_t until);
  void Pause();
  void Resume();
  void Abandon();

  // By the follower, the same pieces. `batch`: how many may be waited for.
  void Take(const Piece& piece, uint64_t batch);
  bool failed() const { return failed_; }

  // Once nobody follows any more. Whether all of it was read back and is the same.
  bool Good(sys::Fault& fault) const;
  bool same() const { return same_ && !abandoned_; }

 private:
  struct Free {
    void operator()(char* buffer) const { free(buffer); }
  };

  bool Sync(uint64_t until, uint64_t batch);
  bool Compare(const char* bytes, uint64_t at, uint64_t until);

  std::atomic<uint64_t>& read_;
  const std::atomic<bool>& cancelled_;
  std::string path_;
  sys::UniqueFd writer_, reader_;
  bool direct_ = true, same_ = true;
  std::unique_ptr<char, Free> buffer_;
  uint64_t at_ = 0, turn_ = 0, synced_ = 0;  // of the follower

  std::mutex mutex_;
  std::condition_variable more_;
  uint64_t written_ = 0, pieces_ = 0;
  bool paused_ = false, abandoned_ = false;
  std::atomic<bool> failed_ = false;
  sys::Fault fault_;
};

}  // namespace rooms::copy
