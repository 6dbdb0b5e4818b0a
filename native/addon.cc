#include <napi.h>

#include "bridge/anchor.h"
#include "bridge/module.h"
#include "bridge/transfer.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("planVersion", 1);
  exports.Set("Anchor", rooms::bridge::Anchor::Define(env));
  exports.Set("Transfer", rooms::bridge::Transfer::Define(env));
  rooms::bridge::DefineFunctions(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(anchor_rooms, Init)
