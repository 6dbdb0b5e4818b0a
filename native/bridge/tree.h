#pragma once

#include <napi.h>

namespace rooms::bridge {

// types/addon.d.ts listTree, requireNoWriters.
Napi::Value ListTree(const Napi::CallbackInfo& info);
Napi::Value RequireNoWriters(const Napi::CallbackInfo& info);

}  // namespace rooms::bridge
