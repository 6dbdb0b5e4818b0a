#pragma once

#include <atomic>
#include <string>

#include "copy/followers.h"
#include "copy/read_back.h"
#include "copy/source.h"
#include "copy/target.h"
#include "sys/fault.h"

namespace rooms::copy {

// What a transfer makes: a file that one source fills, or several that follow on each other. It writes where it
// follows, which may be a thread of its own, so that reading, hashing and writing wait for nobody but the slowest.
class Output {
 public:
  // `flushed` and `verified` count up with what is on the disk and what was read back.
  Output(std::atomic<uint64_t>& flushed, std::atomic<uint64_t>& verified, const std::atomic<bool>& cancelled)
      : cancelled_(cancelled), target_(flushed), read_back_(verified, cancelled) {}

  bool Create(const std::string& path, uint64_t size, sys::Fault& fault);
  // Shares the blocks of a source, all of it, if both are on a file system that can do that. What is read of the source
  // from then on comes from here, past the page cache, which is as good as reading it back.
  bool Share(Source& source, sys::Fault& fault);
  // `size`: of the first that fills it. `dense`: it has no holes. `read_back`: if it is large, while it is written.
  bool Begin(uint64_t size, bool dense, bool read_back, sys::Fault& fault);
  void Follow(Followers& followers);
  bool failed() const { return failed_ || read_back_.failed(); }
  // How, once nobody follows any more.
  bool Good(sys::Fault& fault) const;

  bool shares() const { return shares_; }
  uint64_t size() const { return size_; }
  Target& target() { return target_; }
  bool reads_back() const { return reads_back_; }
  // Whether the device gave back what was written.
  bool same() const { return read_back_.same(); }

 private:
  void Take(const Piece& piece, bool abandoned);

  const std::atomic<bool>& cancelled_;
  Target target_;
  uint64_t size_ = 0;
  bool shares_ = false, reads_back_ = false;
  ReadBack read_back_;
  std::atomic<bool> failed_ = false;
  sys::Fault fault_;
};

}  // namespace rooms::copy
