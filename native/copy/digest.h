#pragma once

#include <stddef.h>

#include <memory>
#include <string>

namespace rooms::copy {

// A hash that is fed in pieces.
class Digest {
 public:
  virtual ~Digest() = default;
  virtual void Update(const void* bytes, size_t size) = 0;
  virtual std::string Hex() = 0;  // once, at the end
};

// SHA-256 of the OpenSSL that Node brings along: as fast as this processor can, and the same that node:crypto uses.
// Null where the program hides its OpenSSL (an Electron, a native test).
std::unique_ptr<Digest> NewSha256();

// BLAKE3, native/third_party.
std::unique_ptr<Digest> NewBlake3();

}  // namespace rooms::copy
