#pragma once

#include <stdint.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "copy/digest.h"
#include "sys/fault.h"
#include "sys/fd.h"
#include "sys/thread.h"

namespace rooms::copy {

// Reads a file back from the device while the rest of it is still being written, and hashes it with BLAKE3, the cheaper
// digest. Nothing is read that an fdatasync(2) has not brought to the device before, so it is worth as much as reading
// all of it at the end: only the disk does both at once.
class ReadBack {
 public:
  // A file of less is not worth a thread.
  static constexpr uint64_t kStep = 64 << 20;

  // `read` counts up with what was read.
  ReadBack(std::atomic<uint64_t>& read, const std::atomic<bool>& cancelled) : read_(read), cancelled_(cancelled) {}
  ~ReadBack();
  ReadBack(const ReadBack&) = delete;
  ReadBack& operator=(const ReadBack&) = delete;

  // `written`: the new file, open for writing. It may be closed meanwhile.
  bool Start(int written, const std::string& path, sys::Fault& fault);
  // Everything before `until` has been written. False: reading has failed, and End() says how.
  bool Written(uint64_t until);
  // All of it has been written, and brought to the disk by fsync(2). Waits until it is read.
  bool End(uint64_t size, std::string& blake3, sys::Fault& fault);

 private:
  struct Free {
    void operator()(char* buffer) const { free(buffer); }
  };

  void Follow();
  // How far it may be read now. False: there is no more to come.
  bool Next(uint64_t at, uint64_t& until, bool& synced);
  bool Read(uint64_t at, uint64_t until);

  std::atomic<uint64_t>& read_;
  const std::atomic<bool>& cancelled_;
  std::string path_;
  sys::UniqueFd writer_, reader_;
  bool direct_ = true;
  std::unique_ptr<Digest> digest_;
  std::unique_ptr<char, Free> buffer_;
  sys::Thread thread_;

  std::mutex mutex_;
  std::condition_variable more_;
  uint64_t written_ = 0;
  bool ended_ = false, abandoned_ = false;
  std::atomic<bool> failed_ = false;
  sys::Fault fault_;  // of the thread; read after it has ended
};

}  // namespace rooms::copy
