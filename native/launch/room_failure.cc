#include "launch/room_failure.h"

#include <string.h>

namespace rooms::launch {

bool DescribeFailure(const init::Failure& failure, const plan::Span<plan::Mount>& kernel_mounts,
                     const plan::Span<plan::Mount>& mounts, sys::Fault& fault) {
  const char* path = "";
  if (failure.mount >= 0) {
    size_t index = static_cast<size_t>(failure.mount);
    if (index < kernel_mounts.size)
      path = kernel_mounts[index].target;
    else if (index - kernel_mounts.size < mounts.size)
      path = mounts[index - kernel_mounts.size].target;
  }
  // It comes from a process that hostile programs live beside: no terminating zero is taken for granted.
  std::string_view step(failure.step, strnlen(failure.step, sizeof failure.step));
  std::string_view syscall(failure.syscall, strnlen(failure.syscall, sizeof failure.syscall));
  return sys::Fail(fault, step, syscall, failure.error, path);
}

}  // namespace rooms::launch
