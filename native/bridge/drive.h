#pragma once

#include <napi.h>

namespace rooms::bridge {

// types/addon.d.ts mountDrive and unmountDrive.
Napi::Value MountDrive(const Napi::CallbackInfo& info);
Napi::Value UnmountDrive(const Napi::CallbackInfo& info);

}  // namespace rooms::bridge
