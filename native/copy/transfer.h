#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "copy/digest.h"
#include "copy/target.h"
#include "sys/fault.h"

namespace rooms::copy {

class Followers;
class Output;
class Source;

// types/addon.d.ts TransferOrder.
struct FileOrder {
  std::string source;    // below the root
  std::string target;    // empty: only read
  std::string expected;  // a version, or empty
  uint32_t mode = 0;     // of the target
  uint64_t offset = 0, length = kToTheEnd;
  // Follows on the file before: `whole` is a digest of both, and what has the same
  // target is put behind it.
  bool continues = false;

  static constexpr uint64_t kToTheEnd = UINT64_MAX;
};

struct Order {
  std::string root;
  std::vector<FileOrder> files;
  bool sha256 = false, blake3 = false;
  bool sparse = false;      // holes stay holes
  bool past_cache = false;  // reads what is on the device
  bool read_back = false;   // large targets are read back while they are written
  bool share = false;       // or, if they are whole files, share the blocks of their source where that can be done
};

// Whether the device gives back what was written; of large targets only.
enum class ReadBackResult { kNone, kSame, kOther };

struct FileResult {
  uint64_t size = 0;
  std::string sha256, blake3, version;
  std::string whole;  // SHA-256 of all from the last that does not continue on; of the last of them
  ReadBackResult read_back = ReadBackResult::kNone;
  bool shared = false;  // has the blocks of its source
  bool direct = false;
};

// Copies, hashes, or both, file after file. The first failure is the end; what was made by then is for the caller to
// remove. Run() belongs to one thread, the rest may be called from any.
class Transfer {
 public:
  explicit Transfer(Order order);
  ~Transfer();

  bool Run(sys::Fault& fault);
  void Cancel() { cancelled_ = true; }

  // Bytes that are on the disk, or that were read where nothing is written; files; bytes that were read back.
  uint64_t bytes() const { return bytes_; }
  uint64_t file() const { return file_; }
  uint64_t verified() const { return verified_; }
  // After Run().
  const std::vector<FileResult>& results() const { return results_; }

 private:
  bool All(sys::Fault& fault);
  bool OneFile(int root, size_t index, FileResult& result, sys::Fault& fault);
  bool Pass(const FileOrder& file, Source& source, uint64_t end, Followers& followers, sys::Fault& fault);
  void Count(const Source& source, uint64_t size);
  bool Begin(size_t index, Source& source, uint64_t size, sys::Fault& fault);
  bool Finish(const FileOrder& file, const Source& source, FileResult& result, sys::Fault& fault);
  bool Continued(size_t index) const;
  bool SyncAll(sys::Fault& fault);
  bool Cancelled(sys::Fault& fault) const;

  const Order order_;
  std::vector<FileResult> results_;
  std::unique_ptr<Output> output_;  // as long as the next file goes on with it
  std::unique_ptr<Digest> whole_;
  std::vector<Target> unsynced_;
  uint64_t unsynced_bytes_ = 0;
  std::atomic<uint64_t> bytes_ = 0, file_ = 0, verified_ = 0;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace rooms::copy
