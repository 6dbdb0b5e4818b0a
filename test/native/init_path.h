#pragma once

#include <limits.h>
#include <unistd.h>

#include <string>

#include "check.h"

// CMake puts room-init into Release/ beside the test programs.
inline std::string InitPath() {
  char self[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  CHECK(size > 0);
  std::string path(self, static_cast<size_t>(size));
  return path.substr(0, path.rfind('/')) + "/Release/room-init";
}
