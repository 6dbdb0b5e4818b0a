#pragma once

// What runs between clone3 and execve, in memory shared with the embedding process (CLONE_VM) while the calling thread
// waits (CLONE_VFORK). Rules of this folder: no allocation, no locks, no exceptions, no stdio, no errno. It does as
// little as can be: everything else is done by room-init, in memory of its own.

#include <stddef.h>
#include <stdint.h>

#include <type_traits>

namespace rooms::child {

struct Failure {
  const char* step;
  const char* syscall;
  int error;
};

struct Input {
  const int* keep;  // become 0, 1, …; all of them numbers above those
  int kept;
  int init;          // room-init's executable
  const char* name;  // what it is to be: init::kRoomInit or init::kKeeper
  bool room;         // it begins a room: nothing of the embedding process goes with it
  int nice;          // of the embedding process; threads that prepare have another

  // Written by the child.
  Failure failure;
  bool executing;  // false after a failure, or when it was killed on the way
};

static_assert(std::is_trivially_destructible_v<Input> && std::is_standard_layout_v<Input>);

// Entry for sys::CloneCall; `argument` is an Input.
int Run(void* argument);

// Entry too, of the process that brings a user namespace into being: only a process can, and only somebody outside may
// give it more than one id. The calling thread does not wait, so it touches nothing; `argument` is the number of the
// descriptor that tells it to go. Should we be killed, it goes by itself.
int WaitUntilTold(void* argument);

}  // namespace rooms::child
