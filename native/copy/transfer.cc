#include "copy/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "copy/hashing.h"
#include "copy/read_back.h"
#include "copy/source.h"

namespace rooms::copy {

namespace {

// Small files wait for their fsync(2) together: the first commits the journal for the others.
constexpr size_t kMostUnsynced = 64;
constexpr uint64_t kMostUnsyncedBytes = 64 << 20;

}  // namespace

struct Transfer::Output {
  Output(std::atomic<uint64_t>& flushed, std::atomic<uint64_t>& verified, const std::atomic<bool>& cancelled)
      : target(flushed), read_back(verified, cancelled) {}
  Target target;
  uint64_t size = 0;   // of the files before
  bool reads = false;  // read_back runs
  ReadBack read_back;  // ends before the target is closed
};

Transfer::Transfer(Order order) : order_(std::move(order)) {}
Transfer::~Transfer() = default;

bool Transfer::Run(sys::Fault& fault) {
  const bool good = All(fault);
  // Whoever has this object may keep it; nothing that is open may keep a disk from being unmounted.
  output_.reset();
  unsynced_.clear();
  return good;
}

bool Transfer::All(sys::Fault& fault) {
  sys::UniqueFd root(open(order_.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return sys::Fail(fault, "copy.open", "openat", errno, order_.root);
  for (size_t i = 0; i < order_.files.size(); ++i) {
    if (Cancelled(fault)) return false;
    FileResult result;
    if (!OneFile(root.get(), i, result, fault)) return false;
    results_.push_back(std::move(result));
    ++file_;
  }
  return SyncAll(fault);
}

bool Transfer::Continued(size_t index) const {
  return index + 1 < order_.files.size() && order_.files[index + 1].continues;
}

bool Transfer::OneFile(int root, size_t index, FileResult& result, sys::Fault& fault) {
  const FileOrder& file = order_.files[index];
  Source source;
  if (!source.Open(root, file.source, file.expected, order_.past_cache, fault)) return false;
  const bool rest = file.length == FileOrder::kToTheEnd;
  if (file.offset > source.size() || (!rest && file.length > source.size() - file.offset))
    return sys::Fail(fault, "copy.changed", "fstat", ESTALE, file.source);
  const uint64_t size = rest ? source.size() - file.offset : file.length;

  if (!file.continues) whole_ = Continued(index) ? NewSha256() : nullptr;
  if (!whole_ && Continued(index)) return sys::Fail(fault, "copy.hash", "EVP_sha256", ENOSYS);
  if (!file.target.empty() && !Begin(file, source, size, fault)) return false;
  Hashing hashing(order_.sha256, order_.blake3, whole_.get(), size, cancelled_);
  if (!hashing.Start(fault) || !Pass(file, source, file.offset + size, hashing, fault)) return false;
  if (!hashing.End(result.sha256, result.blake3, fault) || Cancelled(fault)) return false;
  if (!source.Unchanged(fault)) return false;

  result.size = size;
  result.version = source.version();
  result.direct = source.direct();
  if (whole_ && !Continued(index)) {
    result.whole = whole_->Hex();
    if (result.whole.empty()) return sys::Fail(fault, "copy.hash", "EVP_DigestFinal_ex", EIO);
  }
  if (!output_) return true;
  output_->size += size;
  return (Continued(index) && order_.files[index + 1].target == file.target) || Finish(file, result, fault);
}

// What is read is hashed, and written where there is something to write to.
bool Transfer::Pass(const FileOrder& file, Source& source, uint64_t last, Hashing& hashing, sys::Fault& fault) {
  for (uint64_t at = file.offset; at < last;) {
    uint64_t start = at, end = last;
    if (order_.sparse && !source.NextData(at, start, end, fault)) return false;
    start = std::min(start, last);
    end = std::min(end, last);
    hashing.Zeros(start - at);
    if (!output_) bytes_ += start - at;
    for (at = start; at < end;) {
      if (Cancelled(fault)) return false;
      char* buffer = hashing.Buffer();
      if (!buffer) return sys::Fail(fault, "copy.memory", "mmap", ENOMEM);
      int64_t got = source.Read(buffer, at, end, fault);
      if (got < 0) return false;
      if (got == 0) return sys::Fail(fault, "copy.changed", "pread64", ESTALE, file.source);
      uint64_t length = static_cast<uint64_t>(got);
      hashing.Data(buffer, length);
      if (output_ && !Put(buffer, length, at - file.offset, fault)) return false;
      if (!output_) bytes_ += length;
      source.Drop(at, length);
      at += length;
    }
  }
  return true;
}

bool Transfer::Begin(const FileOrder& file, const Source& source, uint64_t size, sys::Fault& fault) {
  if (file.continues && output_) return true;
  const bool dense = !order_.sparse || !source.has_holes();
  output_ = std::make_unique<Output>(bytes_, verified_, cancelled_);
  Target& target = output_->target;
  if (!target.Create(file.target, dense && size > Ring::kBuffer ? size : 0, fault)) return false;
  output_->reads = order_.read_back && size > ReadBack::kStep;
  return !output_->reads || output_->read_back.Start(target.fd(), file.target, fault);
}

bool Transfer::Put(const char* bytes, uint64_t length, uint64_t at, sys::Fault& fault) {
  at += output_->size;
  if (!output_->target.Write(bytes, length, at, fault)) return false;
  if (!output_->reads || output_->read_back.Written(at + length)) return true;
  std::string digest;
  return output_->read_back.End(at + length, digest, fault);
}

bool Transfer::Finish(const FileOrder& file, FileResult& result, sys::Fault& fault) {
  std::unique_ptr<Output> output = std::move(output_);
  if (!output->target.Finish(output->size, file.mode, fault)) return false;
  if (output->reads) return output->target.Sync(fault) && output->read_back.End(output->size, result.read_back, fault);
  unsynced_.push_back(std::move(output->target));
  unsynced_bytes_ += output->size;
  return (unsynced_.size() < kMostUnsynced && unsynced_bytes_ < kMostUnsyncedBytes) || SyncAll(fault);
}

bool Transfer::SyncAll(sys::Fault& fault) {
  for (Target& target : unsynced_)
    if (!target.Sync(fault)) return false;
  unsynced_.clear();
  unsynced_bytes_ = 0;
  return true;
}

bool Transfer::Cancelled(sys::Fault& fault) const {
  if (!cancelled_) return false;
  sys::Fail(fault, "copy.cancelled", "", ECANCELED);
  return true;
}

}  // namespace rooms::copy
