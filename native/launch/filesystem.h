#pragma once

#include <string>
#include <vector>

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

struct FilesystemOption {
  const char* key;
  std::string value;  // empty: a flag
};

// A new detached mount of a file system; the kernel's own words go into the fault where it has some.
sys::UniqueFd NewFilesystem(const char* step, const char* type, const std::vector<FilesystemOption>& options,
                            unsigned attributes, sys::Fault& fault);

}  // namespace rooms::launch
