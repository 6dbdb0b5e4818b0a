#include "bridge/tree.h"

#include "bridge/arguments.h"
#include "bridge/background.h"
#include "bridge/fault.h"
#include "copy/walk.h"
#include "copy/writers.h"

namespace rooms::bridge {

namespace {

class TreeWorker : public Napi::AsyncWorker {
 public:
  TreeWorker(Napi::Env env, std::string root, uint32_t most)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), root_(std::move(root)), most_(most) {}
  Napi::Value Promise() { return deferred_.Promise(); }

  void Execute() override { copy::ListTree(root_, most_, entries_, fault_); }

  void OnOK() override {
    Napi::Env env = Env();
    if (fault_.error) return deferred_.Reject(FaultError(env, fault_).Value());
    Napi::Array list = Napi::Array::New(env, entries_.size());
    for (uint32_t i = 0; i < entries_.size(); ++i) {
      Napi::HandleScope scope(env);
      const copy::TreeEntry& entry = entries_[i];
      Napi::Object object = Napi::Object::New(env);
      object.Set("path", Napi::Buffer<char>::Copy(env, entry.path.data(), entry.path.size()));
      object.Set("kind", entry.kind);
      object.Set("size", static_cast<double>(entry.size));
      object.Set("allocated", static_cast<double>(entry.allocated));
      object.Set("links", static_cast<double>(entry.links));
      object.Set("executable", entry.executable);
      object.Set("version", entry.version);
      list.Set(i, object);
    }
    deferred_.Resolve(list);
  }

 private:
  Napi::Promise::Deferred deferred_;
  const std::string root_;
  const uint32_t most_;
  std::vector<copy::TreeEntry> entries_;
  sys::Fault fault_;
};

}  // namespace

Napi::Value ListTree(const Napi::CallbackInfo& info) {
  auto* worker = new TreeWorker(info.Env(), Text(info, 0), Number(info, 1));
  Napi::Value promise = worker->Promise();
  worker->Queue();
  return promise;
}

Napi::Value RequireNoWriters(const Napi::CallbackInfo& info) {
  Napi::Array given = info[1].As<Napi::Array>();
  std::vector<std::string> paths(given.Length());
  for (uint32_t i = 0; i < paths.size(); ++i) paths[i] = given.Get(i).ToString().Utf8Value();
  return Background::Run(info.Env(), [root = Text(info, 0), paths = std::move(paths)](sys::Fault& fault) -> int64_t {
    return copy::NobodyWrites(root, paths, fault) ? 1 : 0;
  });
}

}  // namespace rooms::bridge
