#include "bridge/module.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bridge/arguments.h"
#include "bridge/background.h"
#include "bridge/claims.h"
#include "bridge/drive.h"
#include "bridge/dropzones.h"
#include "bridge/file_locks.h"
#include "bridge/read_plan.h"
#include "bridge/tree.h"
#include "copy/source.h"
#include "launch/probe.h"

namespace rooms::bridge {

namespace {

Napi::Value CheckPlan(const Napi::CallbackInfo& info) {
  std::string mistake;
  if (!ReadRoom(Text(info, 0), Bytes(info, 1), true, mistake)) ThrowMistake(info.Env(), mistake);
  return info.Env().Undefined();
}

// Nothing is copied that nobody asks for: fs.statSync() costs ten times as much, most of it for what it makes of the
// answer.
Napi::Value FileVersion(const Napi::CallbackInfo& info) {
  struct stat facts;
  if (stat(Text(info, 0).c_str(), &facts) < 0) return info.Env().Null();
  return Napi::String::New(info.Env(), copy::VersionOf(facts));
}

// An abstract socket name is held by one process of the network namespace and given back by the kernel; unix(7).
Napi::Value ClaimName(const Napi::CallbackInfo& info) {
  std::string name = Text(info, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return info.Env().Null();
  memcpy(address.sun_path + 1, name.data(), name.size());
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  socklen_t size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0) {
    info.Env().GetInstanceData<Claims>()->names.insert(fd);
    return Napi::Number::New(info.Env(), fd);
  }
  if (fd >= 0) close(fd);
  return info.Env().Null();
}

Napi::Value ReleaseName(const Napi::CallbackInfo& info) {
  int fd = Descriptor(info, 0);
  if (info.Env().GetInstanceData<Claims>()->names.erase(fd) > 0) close(fd);
  return info.Env().Undefined();
}

class ProbeWorker : public Napi::AsyncWorker {
 public:
  explicit ProbeWorker(Napi::Env env) : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}
  Napi::Value Promise() { return deferred_.Promise(); }
  void Execute() override { results_ = launch::ProbeKernel(); }
  void OnOK() override {
    Napi::Object object = Napi::Object::New(Env());
    for (const launch::Probe& probe : results_) object.Set(probe.name, probe.error);
    deferred_.Resolve(object);
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::vector<launch::Probe> results_;
};

Napi::Value ProbeKernel(const Napi::CallbackInfo& info) {
  auto* worker = new ProbeWorker(info.Env());
  Napi::Value promise = worker->Promise();
  worker->Queue();
  return promise;
}

Napi::Value HasPidMax(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), launch::ProbePidMax() == 0);
}

}  // namespace

void DefineFunctions(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Claims);
  exports.Set("checkPlan", Napi::Function::New<CheckPlan>(env, "checkPlan"));
  exports.Set("fileVersion", Napi::Function::New<FileVersion>(env, "fileVersion"));
  exports.Set("claimName", Napi::Function::New<ClaimName>(env, "claimName"));
  exports.Set("releaseName", Napi::Function::New<ReleaseName>(env, "releaseName"));
  exports.Set("hasPidMax", Napi::Function::New<HasPidMax>(env, "hasPidMax"));
  exports.Set("probeKernel", Napi::Function::New<ProbeKernel>(env, "probeKernel"));
  exports.Set("lockFile", Napi::Function::New<LockFile>(env, "lockFile"));
  exports.Set("unlockFile", Napi::Function::New<UnlockFile>(env, "unlockFile"));
  exports.Set("mountDrive", Napi::Function::New<MountDrive>(env, "mountDrive"));
  exports.Set("unmountDrive", Napi::Function::New<UnmountDrive>(env, "unmountDrive"));
  exports.Set("makeDropzone", Napi::Function::New<MakeDropzone>(env, "makeDropzone"));
  exports.Set("sealDropzone", Napi::Function::New<SealDropzone>(env, "sealDropzone"));
  exports.Set("closeDropzone", Napi::Function::New<CloseDropzone>(env, "closeDropzone"));
  exports.Set("listTree", Napi::Function::New<ListTree>(env, "listTree"));
  exports.Set("requireNoWriters", Napi::Function::New<RequireNoWriters>(env, "requireNoWriters"));
}

}  // namespace rooms::bridge
