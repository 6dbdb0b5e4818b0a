#pragma once

#include <napi.h>

namespace rooms::bridge {

// types/addon.d.ts listTree.
Napi::Value ListTree(const Napi::CallbackInfo& info);

}  // namespace rooms::bridge
