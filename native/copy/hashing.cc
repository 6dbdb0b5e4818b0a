#include "copy/hashing.h"

#include <errno.h>

#include <algorithm>

namespace rooms::copy {

bool Hashing::Follow(Followers& followers, bool sha256, bool blake3, Digest* whole, sys::Fault& fault) {
  if (sha256) sha256_ = NewSha256();
  if (sha256 && !sha256_) return sys::Fail(fault, "copy.hash", "EVP_sha256", ENOSYS);
  if (blake3) blake3_ = NewBlake3();
  for (Digest* digest : {sha256_.get(), blake3_.get(), whole})
    if (digest) followers.Add([this, digest, &followers](const Piece& piece) { Feed(*digest, piece, followers); });
  return true;
}

void Hashing::Feed(Digest& digest, const Piece& piece, const Followers& followers) const {
  if (piece.bytes) return digest.Update(piece.bytes, piece.size);
  static const char zeros[64 << 10] = {};
  // A hole may be of any size.
  for (uint64_t left = piece.size; left > 0 && !cancelled_ && !followers.abandoned();) {
    size_t size = std::min<uint64_t>(left, sizeof zeros);
    digest.Update(zeros, size);
    left -= size;
  }
}

bool Hashing::End(std::string& sha256, std::string& blake3, sys::Fault& fault) {
  if (sha256_) sha256 = sha256_->Hex();
  if (blake3_) blake3 = blake3_->Hex();
  return !sha256_ || !sha256.empty() || sys::Fail(fault, "copy.hash", "EVP_DigestFinal_ex", EIO);
}

}  // namespace rooms::copy
