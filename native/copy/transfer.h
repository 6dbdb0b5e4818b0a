#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "copy/target.h"
#include "sys/fault.h"

namespace rooms::copy {

// types/addon.d.ts TransferOrder.
struct FileOrder {
  std::string source;    // below the root
  std::string target;    // empty: only read
  std::string expected;  // a version, or empty
  uint32_t mode = 0;     // of the target
};

struct Order {
  std::string root;
  std::vector<FileOrder> files;
  bool sha256 = false, blake3 = false;
  bool sparse = false;      // holes stay holes
  bool past_cache = false;  // reads what is on the device
};

struct FileResult {
  uint64_t size = 0;
  std::string sha256, blake3, version;
  bool direct = false;
};

// Copies, hashes, or both, file after file. The first failure is the end; what was made by then is for the caller to
// remove. Run() belongs to one thread, the rest may be called from any.
class Transfer {
 public:
  explicit Transfer(Order order) : order_(std::move(order)) {}

  bool Run(sys::Fault& fault);
  void Cancel() { cancelled_ = true; }

  // Bytes that are on the disk, or that were read where nothing is written.
  uint64_t bytes() const { return bytes_; }
  uint64_t file() const { return file_; }
  // After Run().
  const std::vector<FileResult>& results() const { return results_; }

 private:
  bool OneFile(int root, const FileOrder& file, FileResult& result, sys::Fault& fault);
  bool SyncAll(sys::Fault& fault);
  bool Cancelled(sys::Fault& fault) const;

  const Order order_;
  std::vector<FileResult> results_;
  std::vector<Target> unsynced_;
  uint64_t unsynced_bytes_ = 0;
  std::atomic<uint64_t> bytes_ = 0, file_ = 0;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace rooms::copy
