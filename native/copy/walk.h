#pragma once

#include <stdint.h>

#include <string>
#include <vector>

#include "sys/fault.h"

namespace rooms::copy {

// One thing below a directory. Links are not followed, and what is no file or directory is only named.
struct TreeEntry {
  std::string path;       // bytes, from the root
  const char* kind = "";  // types/addon.d.ts TreeEntry
  uint64_t size = 0, allocated = 0, links = 0;
  bool executable = false;
  std::string version;  // of a file: what Source::Open compares with
};

// All that is below `root`, sorted by bytes; at most `most` entries (E2BIG). Nobody who moves things meanwhile gets it
// to look at another place.
bool ListTree(const std::string& root, uint64_t most, std::vector<TreeEntry>& entries, sys::Fault& fault);

}  // namespace rooms::copy
