#include "child/child.h"

#include "child/step.h"
#include "sys/clock.h"

namespace rooms::child {

int Run(void* argument) {
  Input& input = *static_cast<Input*>(argument);
  int root = -1;
  input.marks[kEntered] = sys::RawNow();
  if (!EnterNamespaces(input) || !MakeRoot(input, &root)) return 126;
  input.marks[kRootReady] = sys::RawNow();
  if (!AttachMounts(input, root) || !EnterRoot(input, root)) return 126;
  input.marks[kMountsReady] = sys::RawNow();
  if (!BecomeRoomRoot(input) || !DropPrivileges(input)) return 126;
  input.marks[kIdentityReady] = sys::RawNow();
  Execute(input);
  return 127;
}

}  // namespace rooms::child
