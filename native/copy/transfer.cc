#include "copy/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "copy/hashing.h"
#include "copy/source.h"

namespace rooms::copy {

namespace {

// Small files wait for their fsync(2) together: the first commits the journal for the others.
constexpr size_t kMostUnsynced = 64;
constexpr uint64_t kMostUnsyncedBytes = 64 << 20;

}  // namespace

bool Transfer::Run(sys::Fault& fault) {
  sys::UniqueFd root(open(order_.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return sys::Fail(fault, "copy.open", "openat", errno, order_.root);
  for (const FileOrder& file : order_.files) {
    if (Cancelled(fault)) return false;
    FileResult result;
    if (!OneFile(root.get(), file, result, fault)) return false;
    results_.push_back(std::move(result));
    ++file_;
  }
  return SyncAll(fault);
}

bool Transfer::OneFile(int root, const FileOrder& file, FileResult& result, sys::Fault& fault) {
  Source source;
  if (!source.Open(root, file.source, file.expected, order_.past_cache, fault)) return false;
  const uint64_t size = source.size();
  const bool writes = !file.target.empty(), dense = !order_.sparse || !source.has_holes();
  Target target(bytes_);
  if (writes && !target.Create(file.target, dense && size > Ring::kBuffer ? size : 0, fault)) return false;
  Hashing hashing(order_.sha256, order_.blake3, size, cancelled_);
  if (!hashing.Start(fault)) return false;

  for (uint64_t at = 0; at < size;) {
    uint64_t start = at, end = size;
    if (order_.sparse && !source.NextData(at, start, end, fault)) return false;
    hashing.Zeros(start - at);
    if (!writes) bytes_ += start - at;
    for (at = start; at < end;) {
      if (Cancelled(fault)) return false;
      char* buffer = hashing.Buffer();
      if (!buffer) return sys::Fail(fault, "copy.memory", "mmap", ENOMEM);
      int64_t got = source.Read(buffer, at, end, fault);
      if (got < 0) return false;
      if (got == 0) return sys::Fail(fault, "copy.changed", "pread64", ESTALE, file.source);
      uint64_t length = static_cast<uint64_t>(got);
      hashing.Data(buffer, length);
      if (writes && !target.Write(buffer, length, at, fault)) return false;
      if (!writes) bytes_ += length;
      source.Drop(at, length);
      at += length;
    }
  }

  if (!hashing.End(result.sha256, result.blake3, fault) || Cancelled(fault)) return false;
  if (!source.Unchanged(fault)) return false;
  result.size = size;
  result.version = source.version();
  result.direct = source.direct();
  if (!writes) return true;
  if (!target.Finish(size, file.mode, fault)) return false;
  unsynced_.push_back(std::move(target));
  unsynced_bytes_ += size;
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
