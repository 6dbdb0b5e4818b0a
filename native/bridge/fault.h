#pragma once

#include <napi.h>

#include "sys/fault.h"

namespace rooms::bridge {

// types/event.d.ts NativeFault.
Napi::Object FaultObject(Napi::Env env, const sys::Fault& fault);

// An Error with the property `fault`, for methods that fail at once and promises that reject.
Napi::Error FaultError(Napi::Env env, const sys::Fault& fault);

// Throws a TypeError, unless what made the mistake is thrown already: a getter of the program, for example.
void ThrowMistake(Napi::Env env, const std::string& mistake);

}  // namespace rooms::bridge
