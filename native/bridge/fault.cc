#include "bridge/fault.h"

namespace rooms::bridge {

Napi::Object FaultObject(Napi::Env env, const sys::Fault& fault) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("step", fault.step);
  object.Set("syscall", fault.syscall);
  object.Set("errno", fault.error);
  object.Set("path", fault.path);
  object.Set("detail", fault.detail);
  return object;
}

Napi::Error FaultError(Napi::Env env, const sys::Fault& fault) {
  Napi::Error error = Napi::Error::New(env, fault.step + ": " + fault.syscall);
  error.Set("fault", FaultObject(env, fault));
  return error;
}

void ThrowMistake(Napi::Env env, const std::string& mistake) {
  if (!env.IsExceptionPending()) Napi::TypeError::New(env, mistake).ThrowAsJavaScriptException();
}

}  // namespace rooms::bridge
