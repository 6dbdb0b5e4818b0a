#include "bridge/dropzones.h"

#include <unistd.h>

#include "bridge/arguments.h"
#include "bridge/background.h"
#include "bridge/claims.h"
#include "bridge/fault.h"
#include "launch/dropzone.h"

namespace rooms::bridge {

namespace {

class DropzoneWorker : public Napi::AsyncWorker {
 public:
  DropzoneWorker(Napi::Env env, const launch::DropzoneOrder& order)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), order_(order) {}
  Napi::Value Promise() { return deferred_.Promise(); }

  void Execute() override { made_ = launch::MakeDropzone(order_, fault_); }

  void OnOK() override {
    if (!made_) return deferred_.Reject(FaultError(Env(), fault_).Value());
    int fd = made_.take();
    Env().GetInstanceData<Claims>()->dropzones.insert(fd);
    deferred_.Resolve(Napi::Number::New(Env(), fd));
  }

 private:
  Napi::Promise::Deferred deferred_;
  const launch::DropzoneOrder order_;
  sys::UniqueFd made_;
  sys::Fault fault_;
};

}  // namespace

Napi::Value MakeDropzone(const Napi::CallbackInfo& info) {
  launch::DropzoneOrder order{Descriptor(info, 0), static_cast<int64_t>(info[1].ToNumber().Int64Value()),
                              Number(info, 2), Number(info, 3)};
  auto* worker = new DropzoneWorker(info.Env(), order);
  Napi::Value promise = worker->Promise();
  worker->Queue();
  return promise;
}

Napi::Value SealDropzone(const Napi::CallbackInfo& info) {
  int fd = Descriptor(info, 0);
  return Background::Run(info.Env(),
                         [fd](sys::Fault& fault) -> int64_t { return launch::SealDropzone(fd, fault) ? 1 : 0; });
}

// Not on the JavaScript thread: the last descriptor unmounts it, and that waits for the disk.
Napi::Value CloseDropzone(const Napi::CallbackInfo& info) {
  int fd = Descriptor(info, 0);
  bool ours = info.Env().GetInstanceData<Claims>()->dropzones.erase(fd) > 0;
  return Background::Run(info.Env(), [fd, ours](sys::Fault&) -> int64_t { return ours ? close(fd) : 0; });
}

}  // namespace rooms::bridge
