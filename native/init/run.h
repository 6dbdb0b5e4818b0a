#pragma once

#include <stdint.h>

#include "init/request.h"

namespace rooms::init {

// What a new process reads and writes in room-init's memory until its execve.
struct Start {
  const Program* program;
  const Limit* limits;
  const uint32_t* groups;
  char** argv;
  char** env;
  char** search_path;
  const char* cwd;
  uint64_t size;  // bytes mapped at argv; 0: they are not its own
  int stdio[3];
  bool terminal;
  bool led;
  bool leads;  // a session of its own, already
  Failure failure;
};

// Whether a kRun request came with all of its descriptors.
bool Complete(const Received& received, Failure& failure);

// Starts the process that a kRun request describes; its pid, or 0 with a failure. `led`: the terminal already controls
// room-init's own session, and the process joins that.
long Run(const Received& received, bool led, Failure& failure);

// The process of a command that is not known yet. It takes the first kRun from the control socket itself, so nobody
// else need be woken and no process be made then; room-init must not read or write what it shares with it, before it is
// done.
struct Ahead {
  bool Make(Failure& failure);

  // It has executed the program, or ended. The pid, or 0 with a failure; with none when there is no request to come.
  long Finish(Failure& failure);

  long pid = 0;
  int done = -1;      // a pipe that hangs up then
  int64_t asked = 0;  // CLOCK_MONOTONIC, nanoseconds
  Start start{};
};

}  // namespace rooms::init
