#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "copy/digest.h"
#include "copy/followers.h"
#include "sys/fault.h"

namespace rooms::copy {

// Digests of one file, each made by a follower.
class Hashing {
 public:
  explicit Hashing(const std::atomic<bool>& cancelled) : cancelled_(cancelled) {}

  // `whole`: one more that is fed and goes on after this file, or null. They are fed as long as `followers` live.
  bool Follow(Followers& followers, bool sha256, bool blake3, Digest* whole, sys::Fault& fault);
  // Once all of the file was handed over. Empty where no such digest was asked for.
  bool End(std::string& sha256, std::string& blake3, sys::Fault& fault);

 private:
  void Feed(Digest& digest, const Piece& piece, const Followers& followers) const;

  const std::atomic<bool>& cancelled_;
  std::unique_ptr<Digest> sha256_, blake3_;
};

}  // namespace rooms::copy
