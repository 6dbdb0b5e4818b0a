#pragma once

#include <napi.h>

namespace rooms::bridge {

// types/addon.d.ts makeDropzone(), sealDropzone(), closeDropzone().
Napi::Value MakeDropzone(const Napi::CallbackInfo& info);
Napi::Value SealDropzone(const Napi::CallbackInfo& info);
Napi::Value CloseDropzone(const Napi::CallbackInfo& info);

}  // namespace rooms::bridge
