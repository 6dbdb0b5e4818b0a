#include "bridge/file_locks.h"

#include "bridge/arguments.h"
#include "bridge/claims.h"
#include "bridge/fault.h"
#include "sys/file_lock.h"

namespace rooms::bridge {

namespace {

class LockWorker : public Napi::AsyncWorker {
 public:
  LockWorker(Napi::Env env, std::string path, bool create, std::string note)
      : AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        path_(std::move(path)),
        note_(std::move(note)),
        create_(create) {}
  Napi::Value Promise() { return deferred_.Promise(); }

  void Execute() override { lock_ = sys::LockFile(path_.c_str(), create_, note_, fault_); }

  void OnOK() override {
    if (fault_.error) return deferred_.Reject(FaultError(Env(), fault_).Value());
    if (!lock_) return deferred_.Resolve(Env().Null());
    int fd = lock_.take();
    Env().GetInstanceData<Claims>()->locks.insert(fd);
    deferred_.Resolve(Napi::Number::New(Env(), fd));
  }

 private:
  Napi::Promise::Deferred deferred_;
  const std::string path_, note_;
  const bool create_;
  sys::UniqueFd lock_;
  sys::Fault fault_;
};

}  // namespace

Napi::Value LockFile(const Napi::CallbackInfo& info) {
  auto* worker = new LockWorker(info.Env(), Text(info, 0), info[1].ToBoolean(), Text(info, 2));
  Napi::Value promise = worker->Promise();
  worker->Queue();
  return promise;
}

Napi::Value UnlockFile(const Napi::CallbackInfo& info) {
  int fd = Descriptor(info, 0);
  if (info.Env().GetInstanceData<Claims>()->locks.erase(fd) > 0) sys::UnlockFile(fd);
  return info.Env().Undefined();
}

}  // namespace rooms::bridge
