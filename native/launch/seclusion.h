#pragma once

#include "launch/workshop.h"

namespace rooms::launch {

// Descriptors that the launcher threads keep of Node's table; renumbered by Seclude().
struct Seclusion {
  int replies;
  int spawns;
  int preparations;
};

// Gives the calling thread (and those it starts) a descriptor table and a mount namespace of its own: nothing but
// these descriptors, /dev/null as 0 to 2, and an empty read-only root. Fills in the Workshop's view of the host before.
bool Seclude(Seclusion& keep, Workshop& workshop, sys::Fault& fault);

}  // namespace rooms::launch
