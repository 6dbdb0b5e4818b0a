#include "bridge/drive.h"

#include <errno.h>
#include <unistd.h>

#include "bridge/arguments.h"
#include "bridge/background.h"
#include "bridge/claims.h"
#include "launch/filesystem.h"
#include "sys/mount_api.h"

namespace rooms::bridge {

namespace {

// Programs, devices and set-user-id bits of a stranger's file system mean nothing.
constexpr unsigned kAttributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME;

class MountWorker : public Napi::AsyncWorker {
 public:
  MountWorker(Napi::Env env, std::string device, std::string type, std::vector<std::string> options)
      : AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        device_(std::move(device)),
        type_(std::move(type)),
        words_(std::move(options)) {}
  Napi::Value Promise() { return deferred_.Promise(); }

  void Execute() override {
    std::vector<launch::FilesystemOption> options{{"source", device_}};
    unsigned attributes = kAttributes;
    for (std::string& word : words_) {
      if (word == "ro") attributes |= MOUNT_ATTR_RDONLY;
      size_t equals = word.find('=');
      std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
      if (equals != std::string::npos) word.resize(equals);
      options.push_back({word.c_str(), value});
    }
    mount_ = launch::NewFilesystem("drive.mount", type_.c_str(), options, attributes, fault_);
    if (!mount_ && fault_.path == type_) fault_.path = device_;
  }

  void OnOK() override {
    if (fault_.error) return deferred_.Reject(FaultError(Env(), fault_).Value());
    int fd = mount_.take();
    Env().GetInstanceData<Claims>()->mounts.insert(fd);
    deferred_.Resolve(Napi::Number::New(Env(), fd));
  }

 private:
  Napi::Promise::Deferred deferred_;
  const std::string device_, type_;
  std::vector<std::string> words_;
  sys::UniqueFd mount_;
  sys::Fault fault_;
};

}  // namespace

Napi::Value MountDrive(const Napi::CallbackInfo& info) {
  std::vector<std::string> options;
  if (info[2].IsArray()) {
    Napi::Array words = info[2].As<Napi::Array>();
    for (uint32_t i = 0; i < words.Length(); ++i) {
      Napi::Value word = words[i];
      if (word.IsString()) options.push_back(word.As<Napi::String>().Utf8Value());
    }
  }
  auto* worker = new MountWorker(info.Env(), Text(info, 0), Text(info, 1), std::move(options));
  Napi::Value promise = worker->Promise();
  worker->Queue();
  return promise;
}

// A detached mount goes with its last descriptor (fsmount(2)): what was written is on the disk when close(2) returns,
// as after umount(2). syncfs(2) before it tells of a failure, which close(2) does not.
Napi::Value UnmountDrive(const Napi::CallbackInfo& info) {
  int fd = Descriptor(info, 0);
  if (info.Env().GetInstanceData<Claims>()->mounts.erase(fd) == 0) fd = -1;
  return Background::Run(info.Env(), [fd](sys::Fault& fault) -> int64_t {
    if (fd < 0) return 0;
    if (sys::UniqueFd directory(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); !directory)
      sys::Fail(fault, "drive.sync", "openat", errno);
    else if (syncfs(directory.get()) < 0)
      sys::Fail(fault, "drive.sync", "syncfs", errno);
    close(fd);
    return 0;
  });
}

}  // namespace rooms::bridge
