#pragma once

#include "plan/plan.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

// The two sides of a process's stdin, stdout and stderr. With a terminal, host[0] is the master and room[0..2] its
// slave.
struct Streams {
  sys::UniqueFd room[3];
  sys::UniqueFd host[3];
};

struct StreamOwner {
  uint32_t uid;
  uint32_t gid;
};

// `attached` are the descriptors of plan::StreamKind::kFd streams, in order; they stay the caller's. `devices` is a
// directory with a device node `null`, `devpts` a directory with `ptmx`. Everything that is made belongs to `owner`: a
// program may open /dev/stdout again, and the kernel then asks for the owner of the pipe.
bool MakeStreams(const plan::Stdio& stdio, const int* attached, int devices, int devpts, StreamOwner owner,
                 Streams& streams, sys::Fault& fault);

}  // namespace rooms::launch
