#pragma once

#include <string>
#include <string_view>

namespace rooms::sys {

// A failed step, with what the kernel said. `step` and `syscall` are identifiers; TypeScript makes sentences of them.
struct Fault {
  std::string step;
  std::string syscall;
  int error = 0;
  std::string path;
  std::string detail;
};

// Fills `fault` and returns false, so that a failing function can end with `return Fail(...)`. `result` may be an errno
// or the -errno of a raw call.
inline bool Fail(Fault& fault, std::string_view step, std::string_view syscall, long result,
                 std::string_view path = {}) {
  fault.step = step;
  fault.syscall = syscall;
  fault.error = static_cast<int>(result < 0 ? -result : result);
  fault.path = path;
  fault.detail.clear();
  return false;
}

}  // namespace rooms::sys
