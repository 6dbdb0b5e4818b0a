#include "copy/output.h"

namespace rooms::copy {

bool Output::Create(const std::string& path, uint64_t size, sys::Fault& fault) {
  return target_.Create(path, size > Ring::kBuffer, fault);
}

bool Output::Share(Source& source, sys::Fault& fault) {
  if (!target_.Clone(source.fd(), source.size(), shares_, fault)) return false;
  if (!shares_) return true;
  size_ = source.size();
  return source.ReadClone(target_.fd(), fault);
}

bool Output::Begin(uint64_t size, bool dense, bool read_back, sys::Fault& fault) {
  if (dense && size > Ring::kBuffer && !target_.Reserve(size, fault)) return false;
  // What has many holes would be as many small pieces.
  reads_back_ = read_back && dense && size > ReadBack::kLeast;
  return !reads_back_ || read_back_.Start(target_.fd(), target_.path(), fault);
}

void Output::Follow(Followers& followers) {
  if (shares_) return;
  followers.Add([this, &followers](const Piece& piece) { Take(piece, followers.abandoned()); });
  // Without threads nothing comes that could be waited for.
  const uint64_t batch = followers.threads() ? ReadBack::kBatch : 1;
  if (!reads_back_) return;
  read_back_.Resume();
  followers.Add([this, batch](const Piece& piece) { read_back_.Take(piece, batch); });
}

void Output::Take(const Piece& piece, bool abandoned) {
  if (piece.size == 0) return read_back_.Pause();
  if (!failed_ && !abandoned && !cancelled_) {
    const uint64_t at = size_;
    size_ += piece.size;
    failed_ = piece.bytes && !target_.Write(piece.bytes, piece.size, at, fault_);
    if (!failed_) return read_back_.Written(size_);
  }
  read_back_.Abandon();
}

bool Output::Good(sys::Fault& fault) const {
  if (failed_) fault = fault_;
  return !failed_ && read_back_.Good(fault);
}

}  // namespace rooms::copy
