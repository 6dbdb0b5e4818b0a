#include "copy/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "copy/followers.h"
#include "copy/hashing.h"
#include "copy/output.h"
#include "copy/source.h"

namespace rooms::copy {

namespace {

// Small files wait for their fsync(2) together: the first commits the journal for the others.
constexpr size_t kMostUnsynced = 64;
constexpr uint64_t kMostUnsyncedBytes = 64 << 20;

}  // namespace

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
  if (!file.target.empty() && !Begin(index, source, size, fault)) return false;
  Hashing hashing(cancelled_);
  Followers followers(size);
  if (!hashing.Follow(followers, order_.sha256, order_.blake3, whole_.get(), fault)) return false;
  if (output_) output_->Follow(followers);
  if (!followers.Start(fault)) return false;
  const bool read = Pass(file, source, file.offset + size, followers, fault);
  if (read) followers.Stop();
  followers.Abandon();
  if (output_ && !output_->Good(fault)) return false;
  if (!read || !hashing.End(result.sha256, result.blake3, fault) || Cancelled(fault)) return false;
  if (!source.Unchanged(fault)) return false;

  result.size = size;
  result.version = source.version();
  result.direct = source.direct();
  if (whole_ && !Continued(index)) {
    result.whole = whole_->Hex();
    if (result.whole.empty()) return sys::Fail(fault, "copy.hash", "EVP_DigestFinal_ex", EIO);
  }
  if (!output_) return true;
  return (Continued(index) && order_.files[index + 1].target == file.target) || Finish(file, source, result, fault);
}

// Reads, and hands on what is read.
bool Transfer::Pass(const FileOrder& file, Source& source, uint64_t last, Followers& followers, sys::Fault& fault) {
  for (uint64_t at = file.offset; at < last;) {
    uint64_t start = at, end = last;
    if (order_.sparse && !source.NextData(at, start, end, fault)) return false;
    start = std::min(start, last);
    end = std::min(end, last);
    followers.Zeros(start - at);
    Count(source, start - at);
    for (at = start; at < end;) {
      if (Cancelled(fault)) return false;
      char* buffer = followers.Buffer();
      if (!buffer) return sys::Fail(fault, "copy.memory", "mmap", ENOMEM);
      if (output_ && output_->failed()) return false;
      int64_t got = source.Read(buffer, at, end, fault);
      if (got < 0) return false;
      if (got == 0) return sys::Fail(fault, "copy.changed", "pread64", ESTALE, file.source);
      uint64_t length = static_cast<uint64_t>(got);
      followers.Data(buffer, length);
      Count(source, length);
      source.Drop(at, length);
      at += length;
    }
  }
  return true;
}

// Where nothing is written, what was read counts.
void Transfer::Count(const Source& source, uint64_t size) {
  if (output_ && !output_->shares()) return;
  bytes_ += size;
  if (source.from_device()) verified_ += size;
}

bool Transfer::Begin(size_t index, Source& source, uint64_t size, sys::Fault& fault) {
  const FileOrder& file = order_.files[index];
  if (file.continues && output_) return true;
  output_ = std::make_unique<Output>(bytes_, verified_, cancelled_);
  if (!output_->Create(file.target, size, fault)) return false;
  const bool whole = size == source.size() && !file.continues && !Continued(index);
  if (order_.share && whole && size > Ring::kBuffer && !output_->Share(source, fault)) return false;
  return output_->shares() || output_->Begin(size, !order_.sparse || !source.has_holes(), order_.read_back, fault);
}

bool Transfer::Finish(const FileOrder& file, const Source& source, FileResult& result, sys::Fault& fault) {
  std::unique_ptr<Output> output = std::move(output_);
  if (!output->target().Finish(output->size(), file.mode, fault)) return false;
  result.shared = output->shares();
  if (source.from_device()) {
    result.read_back = source.same() ? ReadBackResult::kSame : ReadBackResult::kOther;
    return output->target().Sync(fault);
  }
  if (output->reads_back()) {
    result.read_back = output->same() ? ReadBackResult::kSame : ReadBackResult::kOther;
    return output->target().Sync(fault);
  }
  unsynced_bytes_ += output->size();
  unsynced_.push_back(std::move(output->target()));
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
