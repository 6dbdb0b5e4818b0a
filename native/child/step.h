#pragma once

#include "child/child.h"

namespace rooms::child {

// Records the first failure; true when `result` is one. The step's name tells TypeScript what to say.
inline bool Failed(Input& input, long result, const char* step, const char* syscall, int mount = -1) {
  if (result >= 0) return false;
  input.failure = {step, syscall, static_cast<int>(-result), mount};
  return true;
}

// The parts of the child's way, in order. Each returns false after Failed().
bool EnterNamespaces(Input& input);
bool MakeRoot(Input& input, int* root);
bool AttachMounts(Input& input, int root);
bool EnterRoot(Input& input, int root);
bool BecomeRoomRoot(Input& input);
bool DropPrivileges(Input& input);
void Execute(Input& input);

}  // namespace rooms::child
