#pragma once

#include <napi.h>

#include <string>

#include "plan/plan.h"

namespace rooms::bridge {

// Arguments of our own TypeScript. Nothing is converted: no code of the program runs while they are read, and what is
// of another type is a number, descriptor or path that nobody has.

inline uint32_t Number(const Napi::CallbackInfo& info, size_t index) {
  uint32_t number = 0;
  napi_get_value_uint32(info.Env(), info[index], &number);
  return number;
}

inline int64_t Milliseconds(const Napi::CallbackInfo& info, size_t index) {
  int64_t number = -1;
  napi_get_value_int64(info.Env(), info[index], &number);
  return number;
}

inline int Descriptor(const Napi::CallbackInfo& info, size_t index) {
  int32_t fd = -1;
  return napi_get_value_int32(info.Env(), info[index], &fd) == napi_ok ? fd : -1;
}

inline std::string Text(const Napi::CallbackInfo& info, size_t index) {
  return info[index].IsString() ? info[index].As<Napi::String>().Utf8Value() : std::string();
}

// The bytes of a Uint8Array, for as long as nothing of the program runs; none of anything else.
inline plan::Bytes Bytes(const Napi::CallbackInfo& info, size_t index) {
  Napi::Value value = info[index];
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return {};
  Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

}  // namespace rooms::bridge
