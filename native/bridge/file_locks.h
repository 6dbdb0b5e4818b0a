#pragma once

#include <napi.h>

namespace rooms::bridge {

// types/addon.d.ts lockFile and unlockFile.
Napi::Value LockFile(const Napi::CallbackInfo& info);
Napi::Value UnlockFile(const Napi::CallbackInfo& info);

}  // namespace rooms::bridge
