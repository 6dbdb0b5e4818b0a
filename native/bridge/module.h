#pragma once

#include <napi.h>

namespace rooms::bridge {

// The functions of types/addon.d.ts that belong to no Anchor.
void DefineFunctions(Napi::Env env, Napi::Object exports);

}  // namespace rooms::bridge
