#include "copy/hashing.h"

#include <errno.h>

#include <algorithm>

namespace rooms::copy {

Hashing::Hashing(bool sha256, bool blake3, Digest* whole, uint64_t size, const std::atomic<bool>& cancelled)
    : sha256_(sha256),
      blake3_(blake3),
      threads_((sha256 || blake3 || whole) && size > Ring::kBuffer),
      whole_(whole),
      cancelled_(cancelled) {}

Hashing::~Hashing() {
  abandoned_ = true;
  Stop();
}

bool Hashing::Start(sys::Fault& fault) {
  if ((sha256_ && !Add(NewSha256())) || (blake3_ && !Add(NewBlake3())))
    return sys::Fail(fault, "copy.hash", "EVP_sha256", ENOSYS);
  if (whole_) lines_.push_back({nullptr, whole_, {}});
  if (!threads_) return true;
  unsigned running = 0;
  for (Line& line : lines_) {
    int error = line.thread.Start([this, digest = line.digest] { Follow(*digest); });
    if (error) return sys::Fail(fault, "copy.thread", "pthread_create", error);
    ring_.SetReaders(++running);
  }
  return true;
}

bool Hashing::Add(std::unique_ptr<Digest> digest) {
  Digest* fed = digest.get();
  lines_.push_back({std::move(digest), fed, {}});
  return fed != nullptr;
}

void Hashing::Feed(const Piece& piece) {
  if (piece.size == 0) return;
  if (threads_) return ring_.Publish(piece);
  for (Line& line : lines_) Digested(*line.digest, piece);
}

void Hashing::Zeros(uint64_t size) {
  if (lines_.empty()) return;
  if (threads_) ring_.Wait();
  Feed({nullptr, size});
}

void Hashing::Follow(Digest& digest) {
  for (uint64_t turn = 0;; ++turn) {
    Piece piece = ring_.Take(turn);
    if (piece.size > 0) Digested(digest, piece);
    ring_.Give(turn);
    if (piece.size == 0) return;
  }
}

void Hashing::Digested(Digest& digest, const Piece& piece) const {
  if (piece.bytes) return digest.Update(piece.bytes, piece.size);
  static const char zeros[64 << 10] = {};
  // A hole may be of any size.
  for (uint64_t left = piece.size; left > 0 && !cancelled_ && !abandoned_;) {
    size_t size = std::min<uint64_t>(left, sizeof zeros);
    digest.Update(zeros, size);
    left -= size;
  }
}

void Hashing::Stop() {
  if (stopped_) return;
  stopped_ = true;
  bool running = std::any_of(lines_.begin(), lines_.end(), [](const Line& line) { return line.thread.running(); });
  if (!running) return;
  ring_.Wait();
  ring_.Publish({});
  for (Line& line : lines_) line.thread.Join();
}

bool Hashing::End(std::string& sha256, std::string& blake3, sys::Fault& fault) {
  Stop();
  size_t next = 0;
  if (sha256_) sha256 = lines_[next++].digest->Hex();
  if (blake3_) blake3 = lines_[next++].digest->Hex();
  if (sha256_ && sha256.empty()) return sys::Fail(fault, "copy.hash", "EVP_DigestFinal_ex", EIO);
  return true;
}

}  // namespace rooms::copy
