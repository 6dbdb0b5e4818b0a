#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "copy/digest.h"
#include "copy/ring.h"
#include "sys/fault.h"
#include "sys/thread.h"

namespace rooms::copy {

// Digests of one file, each made by a thread of its own while the file is read and written; a file that fits into one
// buffer is hashed on the way.
class Hashing {
 public:
  // `whole`: one more that is fed and goes on after this file, or null.
  Hashing(bool sha256, bool blake3, Digest* whole, uint64_t size, const std::atomic<bool>& cancelled);
  ~Hashing();
  Hashing(const Hashing&) = delete;
  Hashing& operator=(const Hashing&) = delete;

  bool Start(sys::Fault& fault);
  char* Buffer() { return ring_.Wait(); }
  // What is in the buffer; it is not changed until the next call of Buffer().
  void Data(const char* bytes, uint64_t size) { Feed({bytes, size}); }
  void Zeros(uint64_t size);
  // Waits for the last one. Empty where no such digest was asked for.
  bool End(std::string& sha256, std::string& blake3, sys::Fault& fault);

 private:
  struct Line {
    std::unique_ptr<Digest> own;
    Digest* digest;
    sys::Thread thread;
  };

  void Feed(const Piece& piece);
  void Follow(Digest& digest);
  void Digested(Digest& digest, const Piece& piece) const;
  void Stop();

  bool Add(std::unique_ptr<Digest> digest);

  const bool sha256_, blake3_, threads_;
  Digest* const whole_;
  const std::atomic<bool>& cancelled_;
  Ring ring_;
  std::vector<Line> lines_;
  std::atomic<bool> abandoned_ = false;
  bool stopped_ = false;
};

}  // namespace rooms::copy
