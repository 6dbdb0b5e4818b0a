#include "bridge/read_parts.h"

#include <limits.h>

namespace rooms::bridge {

namespace {

constexpr int64_t kMaxId = 4294967294;
constexpr int64_t kMode = 07777;
constexpr int64_t kAttributes = 15;  // rdonly nosuid nodev noexec

uint32_t Id(Fields& fields, const char* name) { return static_cast<uint32_t>(fields.Integer(name, 0, kMaxId)); }

void ReadEntry(Fields& fields, plan::SkeletonEntry& entry) {
  constexpr const char* kKinds[] = {"directory", "link", "file"};
  entry.kind = static_cast<plan::EntryKind>(fields.Word("kind", kKinds));
  entry.path = fields.Text("path");
  entry.content = "";
  if (entry.kind == plan::EntryKind::kLink) {
    entry.content = fields.Text("to");
    return;
  }
  entry.mode = static_cast<uint32_t>(fields.Integer("mode", 0, kMode));
  if (entry.kind == plan::EntryKind::kFile) entry.content = fields.Text("content");
}

void ReadBind(Fields& fields, plan::Mount& mount) {
  constexpr const char* kSourceKinds[] = {"directory", "file"};
  mount.source = fields.Text("source");
  mount.is_file = fields.Word("sourceKind", kSourceKinds) == 1;
  mount.recursive = fields.Flag("recursive");
  const Json* idmap = fields.Value("idmap");
  if (!fields.ok() || idmap->kind == Json::Kind::kNull) return;
  Fields ids(fields.reading(), idmap, &fields, "idmap");
  mount.has_idmap = true;
  mount.host_uid = Id(ids, "hostUid");
  mount.host_gid = Id(ids, "hostGid");
  mount.room_uid = Id(ids, "roomUid");
  mount.room_gid = Id(ids, "roomGid");
}

void ReadStream(Fields& fields, plan::Stream& stream) {
  constexpr const char* kKinds[] = {"pipe", "null", "fd"};
  stream.kind = static_cast<plan::StreamKind>(fields.Word("kind", kKinds));
  if (stream.kind == plan::StreamKind::kFd) stream.fd = static_cast<int>(fields.Integer("fd", 0, INT_MAX));
}

void ReadStdio(Fields& process, plan::Stdio& stdio) {
  Fields fields(process.reading(), process.Value("stdio"), &process, "stdio");
  constexpr const char* kKinds[] = {"streams", "pty"};
  stdio.pty = fields.Word("kind", kKinds) == 1;
  if (stdio.pty) {
    stdio.columns = static_cast<uint16_t>(fields.Integer("columns", 1, 65535));
    stdio.rows = static_cast<uint16_t>(fields.Integer("rows", 1, 65535));
    return;
  }
  plan::Span<plan::Stream> streams = fields.List<plan::Stream>("streams", ReadStream);
  if (streams.size != 3) return fields.Mistake("streams", "three streams");
  for (int i = 0; i < 3; ++i) stdio.streams[i] = streams[static_cast<size_t>(i)];
}

}  // namespace

void ReadLowerFields(Fields& fields, plan::Lower& lower) {
  constexpr const char* kKinds[] = {"image", "skeleton"};
  constexpr const char* kFormats[] = {"squashfs", "erofs"};
  constexpr const char* kAttachments[] = {"loop", "file"};
  lower.kind = static_cast<plan::LowerKind>(fields.Word("kind", kKinds));
  if (lower.kind == plan::LowerKind::kSkeleton) {
    lower.key = fields.Text("key");
    lower.entries = fields.List<plan::SkeletonEntry>("entries", ReadEntry);
    return;
  }
  lower.path = fields.Text("path");
  int format = fields.Word("format", kFormats);
  lower.format = format < 0 ? "" : kFormats[format];
  lower.through_loop = fields.Word("attach", kAttachments) == 0;
}

void ReadMountFields(Fields& fields, plan::Mount& mount) {
  // In the order of plan::MountKind.
  constexpr const char* kKinds[] = {"bind",   "tmpfs",  "dev",  "devpts",    "proc",    "sysfs",
                                    "mqueue", "cgroup", "mask", "read-only", "dropzone"};
  constexpr const char* kOver[] = {"directory", "file"};
  mount.kind = static_cast<plan::MountKind>(fields.Word("kind", kKinds));
  mount.target = fields.Text("target");
  if (!fields.ok()) return;
  switch (mount.kind) {
    case plan::MountKind::kBind:
      ReadBind(fields, mount);
      break;
    case plan::MountKind::kTmpfs:
      mount.bytes = fields.Integer("bytes", 1, kMaxSafe);
      mount.mode = static_cast<uint32_t>(fields.Integer("mode", 0, kMode));
      break;
    case plan::MountKind::kDropzone:
      mount.fd = static_cast<int>(fields.Integer("fd", 0, INT_MAX));
      break;
    case plan::MountKind::kDevpts:
      mount.gid = Id(fields, "gid");
      return;
    case plan::MountKind::kMask:
      mount.is_file = fields.Word("over", kOver) == 1;
      return;
    case plan::MountKind::kDev:
    case plan::MountKind::kReadOnly:
      return;
    case plan::MountKind::kProc:
    case plan::MountKind::kSysfs:
    case plan::MountKind::kMqueue:
    case plan::MountKind::kCgroup:
      break;
  }
  mount.attributes = static_cast<uint32_t>(fields.Integer("attributes", 0, kAttributes));
}

void ReadProcessFields(Fields& fields, plan::Process& process) {
  process.argv = fields.Texts("argv");
  if (fields.ok() && process.argv.size == 0) fields.Mistake("argv", "at least one string");
  process.env = fields.Texts("env");
  process.cwd = fields.Text("cwd");
  process.search_path = fields.Texts("searchPath");
  process.uid = Id(fields, "uid");
  process.gid = Id(fields, "gid");
  process.groups = fields.Ids("groups");
  process.capabilities = static_cast<uint64_t>(fields.Integer("capabilities", 0, kMaxCapabilities));
  ReadStdio(fields, process.stdio);
}

}  // namespace rooms::bridge
