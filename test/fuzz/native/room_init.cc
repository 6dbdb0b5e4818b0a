// Everything that room-init does with what it receives, in front of a kernel that does nothing (kernel.h).

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel.h"

// Included and not linked: a room-init lives once, and here its state must be taken back for each input. `may_run` is
// asked of the same state.
#include "init/request.cc"
#include "init/supervise.cc"

namespace {

unsigned long inputs = 0;

// A step of room-init that the kernel here does not know ends everything early, and nothing would be found any more.
void ExpectDepth() {
  if (inputs < 6 || fuzz::kernel.started > 0) return;
  fprintf(stderr, "no input came as far as a program: kernel.cc lacks a call\n");
  _exit(1);
}

void Forget() {
  using namespace rooms::init;
  if (mapped) free(mapped);
  mapped = nullptr;
  room = Room{};
  running = false;
  processes = Processes{};
  terminal = Terminal{};
  ahead = Ahead{};
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) { return atexit(ExpectDepth); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ++inputs;
  fuzz::kernel.Begin(data, size);
  fuzz::kernel.may_run = [] { return rooms::init::room.assembled; };
  if (setjmp(fuzz::kernel.end) == 0) rooms::init::Supervise();
  Forget();
  return 0;
}
