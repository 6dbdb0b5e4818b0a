#include "launch/room_request.h"

#include <string>

#include "launch/layers.h"
#include "launch/request.h"

namespace rooms::launch {

namespace {

// Strings come after everything of fixed size; `begin` is where.
class Texts {
 public:
  explicit Texts(size_t begin) : begin_(begin) {}
  uint32_t Add(std::string_view text) {
    uint32_t at = static_cast<uint32_t>(begin_ + bytes_.size());
    bytes_.append(text).push_back('\0');
    return at;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  size_t begin_;
  std::string bytes_;
};

const char* Relative(const char* path) {
  while (*path == '/') ++path;
  return path;
}

// `first`: descriptors of the request that are no sources.
void AddMounts(Request& request, const plan::Span<plan::Mount>& mounts, const Sources& sources, int32_t first,
               Texts& texts) {
  for (size_t i = 0; i < mounts.size; ++i) {
    const plan::Mount& mount = mounts[i];
    int fd = sources.mounts[i].get();
    int32_t source = fd < 0 ? init::kNoSource : request.AddFd(fd) - first;
    request.Add(init::Mount{static_cast<uint32_t>(mount.kind), mount.is_file, mount.attributes, source,
                            texts.Add(Relative(mount.target))});
  }
}

}  // namespace

bool SendFurnish(int control, const plan::Blank& blank, const FurnishParts& parts, const Sources& sources,
                 sys::Fault& fault) {
  Request request(init::RequestKind::kFurnish);
  int32_t first = request.AddFd(parts.upper) + 1;
  if (parts.user_namespace >= 0) first = request.AddFd(parts.user_namespace) + 1;
  init::Furnishing furnishing{};
  furnishing.owner_uid = furnishing.owner_gid = blank.identity.mapped ? blank.identity.base : 0;
  furnishing.has_user_namespace = parts.user_namespace >= 0;
  furnishing.lift_oom_score = parts.lift_oom_score;
  furnishing.pid_max = blank.pid_max;
  furnishing.mount_count = static_cast<uint32_t>(blank.mounts.size);
  Texts texts(sizeof furnishing + blank.mounts.size * sizeof(init::Mount));
  request.Add(furnishing);
  AddMounts(request, blank.mounts, sources, first, texts);
  request.AddBytes(texts.bytes().data(), texts.bytes().size());
  return request.Send(control, fault);
}

bool SendAssemble(int control, const plan::Room& room, const Layers& layers, bool resize_upper, const Sources& sources,
                  sys::Fault& fault) {
  Request request(init::RequestKind::kAssemble);
  int32_t first = request.AddFd(layers.lower) + 1;
  if (layers.middle >= 0) first = request.AddFd(layers.middle) + 1;
  Texts texts(sizeof(init::Assembly) + room.rlimits.size * sizeof(init::Limit) + room.seccomp.size +
              room.mounts.size * sizeof(init::Mount));
  init::Assembly assembly{};
  assembly.capabilities = room.capabilities;
  assembly.waits = room.waits;
  assembly.forks_ahead = room.forks_ahead;
  assembly.has_layer = layers.middle >= 0;
  assembly.resize_upper = resize_upper || layers.middle >= 0;  // for the name below which that one is attached
  assembly.upper_bytes = texts.Add(std::to_string(room.root.upper_bytes));
  assembly.upper_inodes = texts.Add(std::to_string(room.root.upper_inodes + kUpperInodes + (layers.middle >= 0)));
  assembly.read_only_root = room.root.read_only;
  assembly.hostname = texts.Add(room.hostname);
  assembly.limit_count = static_cast<uint32_t>(room.rlimits.size);
  assembly.filter_length = static_cast<uint32_t>(room.seccomp.size / sizeof(sock_filter));
  assembly.mount_count = static_cast<uint32_t>(room.mounts.size);
  request.Add(assembly);
  for (const plan::Rlimit& limit : room.rlimits)
    request.Add(init::Limit{static_cast<uint32_t>(limit.resource), 0, limit.soft, limit.hard});
  request.AddBytes(room.seccomp.data, room.seccomp.size);
  AddMounts(request, room.mounts, sources, first, texts);
  request.AddBytes(texts.bytes().data(), texts.bytes().size());
  return request.Send(control, fault);
}

}  // namespace rooms::launch
