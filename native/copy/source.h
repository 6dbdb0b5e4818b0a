#pragma once

#include <stdint.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::copy {

// Device, inode, size, mtime and ctime to the nanosecond: whether a file is still the one it was. ctime cannot be set.
std::string VersionOf(const struct stat& info);

// `path` below the directory `root`: nothing on the way is a symbolic link, another mount, or leads out. Opening does
// not block on a FIFO. -errno of openat2(2).
int OpenBeneath(int root, const std::string& path, uint64_t flags);

// A regular file that is read from its beginning to its end, and that stays out of the page cache unless it was there.
class Source {
 public:
  // `expected`: a version, or empty. `past_cache`: what is read comes from the device.
  bool Open(int root, const std::string& path, const std::string& expected, bool past_cache, sys::Fault& fault);

  // The next range of data at or after `from`, [start, end); start == size at the end of the file.
  bool NextData(uint64_t from, uint64_t& start, uint64_t& end, sys::Fault& fault) const;

  // Fills `buffer` (Ring::kBuffer) from `at`, up to `end`. 0: the file has become shorter.
  int64_t Read(char* buffer, uint64_t at, uint64_t end, sys::Fault& fault);

  // From here on all that is read, and where its holes are, is of a clone of it, past the page cache where that can be
  // done. What of the source itself is in the page cache is compared with it.
  bool ReadClone(int clone, sys::Fault& fault);
  // Whether all of the clone that was read came from the device, and whether the page cache had the same.
  bool from_device() const { return clone_ && from_device_; }
  bool same() const { return same_; }

  // What was read up to here is not needed any more.
  void Drop(uint64_t at, uint64_t size) const;

  // False when somebody wrote to it meanwhile.
  bool Unchanged(sys::Fault& fault) const;

  int fd() const { return fd_.get(); }
  uint64_t size() const { return size_; }
  bool direct() const { return direct_; }
  bool has_holes() const { return holes_; }
  const std::string& version() const { return version_; }

 private:
  void LookAtCache();
  void OpenPastCache(int fd);
  bool Compare(const char* bytes, uint64_t at, size_t size, sys::Fault& fault);
  bool Resident(uint64_t at) const;
  int Reader() const { return clone_ ? clone_.get() : fd_.get(); }
  bool Changed(sys::Fault& fault) const;

  sys::UniqueFd fd_, clone_, direct_fd_;
  std::string path_, version_;
  uint64_t size_ = 0;
  bool direct_ = false, holes_ = false;
  bool from_device_ = true, same_ = true;
  std::vector<char> cached_;
  std::vector<bool> resident_;  // for each piece of Ring::kBuffer bytes: some of it was in the page cache before
};

}  // namespace rooms::copy
