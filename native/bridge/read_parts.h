#pragma once

#include "bridge/fields.h"

namespace rooms::bridge {

// The parts of a plan that have kinds. Each reads exactly the fields of its kind.
void ReadLowerFields(Fields& fields, plan::Lower& lower);
void ReadMountFields(Fields& fields, plan::Mount& mount);
void ReadProcessFields(Fields& fields, plan::Process& process);

}  // namespace rooms::bridge
