#pragma once

#include "bridge/fields.h"

namespace rooms::bridge {

constexpr int64_t kMaxSafe = 9007199254740991;
constexpr int64_t kMaxCapabilities = (int64_t{1} << 41) - 1;

// The parts of a plan that have kinds. Each reads exactly the fields of its kind.
void ReadLowerFields(Fields& fields, plan::Lower& lower);
void ReadMountFields(Fields& fields, plan::Mount& mount);
void ReadProcessFields(Fields& fields, plan::Process& process);

}  // namespace rooms::bridge
