#pragma once

#include "init/protocol.h"
#include "launch/sources.h"
#include "plan/plan.h"

namespace rooms::launch {

// What room-init is asked before it runs anything: native/init/protocol.h. Descriptors stay the caller's.
struct FurnishParts {
  int upper;
  int user_namespace;  // -1: none
  bool lift_oom_score;
};
bool SendFurnish(int control, const plan::Blank& blank, const FurnishParts& parts, const Sources& sources,
                 sys::Fault& fault);

// What lies below the writable layer.
struct Layers {
  int lower;
  int middle = -1;  // none
};
bool SendAssemble(int control, const plan::Room& room, const Layers& layers, bool resize_upper, const Sources& sources,
                  sys::Fault& fault);

}  // namespace rooms::launch
