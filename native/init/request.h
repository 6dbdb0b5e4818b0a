#pragma once

#include "init/payload.h"
#include "init/protocol.h"

namespace rooms::init {

// One request as it came.
struct Received {
  Request request;
  const char* payload;
  int fds[kMaxRequestFds];
  unsigned fd_count;
  bool cut;  // some descriptors did not fit into this process's table

  Payload Read() const { return {payload, request.size}; }
  void CloseFds();
};

// The next request; its payload is good until the next call. False when there will be none: with a failure, or because
// the embedding process is gone or speaks another language.
bool Receive(Received& received, Failure& failure);

}  // namespace rooms::init
