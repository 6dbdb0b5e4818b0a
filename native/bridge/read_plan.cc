#include "bridge/read_plan.h"

#include <limits.h>
#include <string.h>

#include "bridge/read_parts.h"
#include "bridge/read_text.h"

namespace rooms::bridge {

namespace {

constexpr int64_t kMaxId = 4294967294;
constexpr int64_t kLeastPidMax = 301;  // RESERVED_PIDS + 1, kernel/pid.c
constexpr int64_t kMostPidMax = 4194304;
constexpr size_t kInstruction = 8;
constexpr size_t kLongestFilter = 4096 * kInstruction;  // BPF_MAXINSNS

void ReadIdentity(Reading& reading, Fields& room, plan::Identity& identity) {
  Fields fields(reading, room.Value("identity"), &room, "identity");
  constexpr const char* kKinds[] = {"mapped", "host"};
  identity.mapped = fields.Word("kind", kKinds) == 0;
  if (!identity.mapped) return;
  identity.base = static_cast<uint32_t>(fields.Integer("base", 1, kMaxId));
  identity.size = static_cast<uint32_t>(fields.Integer("size", 1, kMaxId));
}

void ReadCgroup(Reading& reading, Fields& room, plan::Cgroup& cgroup) {
  const Json* value = room.Value("cgroup");
  if (!room.ok() || value->kind == Json::Kind::kNull) return;
  Fields fields(reading, value, &room, "cgroup");
  cgroup.present = true;
  cgroup.parent = fields.Text("parent");
  cgroup.leaf = fields.Text("leaf");
  cgroup.writes = fields.List<plan::CgroupWrite>("writes", [](Fields& item, plan::CgroupWrite& write) {
    write.file = item.Text("file");
    write.value = item.Text("value");
  });
  cgroup.report = fields.Texts("report");
  cgroup.watch = fields.Texts("watch");
}

void ReadRlimit(Fields& fields, plan::Rlimit& limit) {
  limit.resource = static_cast<int32_t>(fields.Integer("resource", 0, 15));
  int64_t soft = fields.Integer("soft", -1, kMaxSafe), hard = fields.Integer("hard", -1, kMaxSafe);
  limit.soft = soft < 0 ? UINT64_MAX : static_cast<uint64_t>(soft);
  limit.hard = hard < 0 ? UINT64_MAX : static_cast<uint64_t>(hard);
}

void ReadNetwork(Reading& reading, Fields& room) {
  Fields fields(reading, room.Value("network"), &room, "network");
  constexpr const char* kKinds[] = {"loopback"};
  fields.Word("kind", kKinds);
}

void ReadRoot(Reading& reading, Fields& room, plan::Root& root) {
  Fields fields(reading, room.Value("root"), &room, "root");
  Fields lower(reading, fields.Value("lower"), &fields, "lower");
  ReadLowerFields(lower, root.lower);
  const Json* layer = fields.Value("layer");
  if (fields.ok() && layer->kind != Json::Kind::kNull) {
    Fields parts(reading, layer, &fields, "layer");
    ReadMountFields(parts, root.layer);
    root.has_layer = true;
    if (parts.ok() && root.layer.kind != plan::MountKind::kBind) parts.Mistake("kind", "bind");
    if (parts.ok() && root.layer.is_file) parts.Mistake("sourceKind", "directory");
  }
  root.upper_bytes = fields.Integer("upperBytes", 1, kMaxSafe);
  root.upper_inodes = fields.Integer("upperInodes", 1, kMaxSafe);
  root.read_only = fields.Flag("readOnly");
  root.idmap = fields.Flag("idmap");
}

void ReadBlankFields(Reading& reading, Fields& fields, plan::Blank& blank) {
  fields.Integer("planVersion", 1, 1);
  blank.id = fields.Text("id");
  ReadIdentity(reading, fields, blank.identity);
  ReadNetwork(reading, fields);
  blank.pid_max = static_cast<uint32_t>(fields.IntegerOrNull("pidMax", kLeastPidMax, kMostPidMax, 0));
  blank.mounts = fields.List<plan::Mount>("kernelMounts", ReadMountFields);
}

void ReadRoomFields(Reading& reading, Fields& fields, plan::Room& room) {
  ReadBlankFields(reading, fields, room.blank);
  ReadCgroup(reading, fields, room.blank.cgroup);
  room.prepared = fields.Flag("prepared");
  room.hostname = fields.Text("hostname");
  ReadRoot(reading, fields, room.root);
  room.blank.upper_bytes = room.root.upper_bytes;
  room.blank.upper_inodes = room.root.upper_inodes;
  room.mounts = fields.List<plan::Mount>("mounts", ReadMountFields);
  room.rlimits = fields.List<plan::Rlimit>("rlimits", ReadRlimit);
  room.capabilities = static_cast<uint64_t>(fields.Integer("capabilities", 0, kMaxCapabilities));
  const Json* process = fields.Value("process");
  room.waits = process && process->kind == Json::Kind::kNull;
  room.forks_ahead = fields.Flag("forksAhead");
  if (!room.waits) {
    Fields parts(reading, process, &fields, "process");
    ReadProcessFields(parts, room.process);
  }
  room.lifetime_ms = fields.IntegerOrNull("lifetime", 1, kMaxSafe, -1);
  if (room.waits && room.lifetime_ms >= 0) fields.Mistake("lifetime", "null for a room that waits");
  if (room.root.idmap && !room.blank.identity.mapped) fields.Mistake("root.idmap", "false without an id mapping");
}

}  // namespace

std::unique_ptr<launch::PlannedRoom> ReadRoom(std::string_view text, plan::Bytes filter, bool strict,
                                              std::string& mistake) {
  auto planned = std::make_unique<launch::PlannedRoom>();
  plan::Room& room = planned->room;
  ReadText(text, "plan", planned->arena, strict, mistake, [&](Reading& reading, Fields& fields) {
    ReadRoomFields(reading, fields, room);
    if (filter.size > kLongestFilter || filter.size % kInstruction != 0)
      fields.Mistake("seccomp", "at most 4096 instructions of 8 bytes");
  });
  if (!mistake.empty()) return nullptr;
  uint8_t* copy = planned->arena.Array<uint8_t>(filter.size);
  if (filter.size > 0) memcpy(copy, filter.data, filter.size);
  room.seccomp = {copy, filter.size};
  return planned;
}

std::unique_ptr<launch::PlannedRoom> ReadBlank(std::string_view text, std::string& mistake) {
  auto planned = std::make_unique<launch::PlannedRoom>();
  ReadText(text, "blank", planned->arena, true, mistake, [&](Reading& reading, Fields& fields) {
    plan::Blank& blank = planned->room.blank;
    ReadBlankFields(reading, fields, blank);
    const Json* cgroup = fields.Value("cgroup");
    if (cgroup && cgroup->kind != Json::Kind::kNull) {
      Fields place(reading, cgroup, &fields, "cgroup");
      blank.cgroup.present = true;
      blank.cgroup.parent = place.Text("parent");
      blank.cgroup.leaf = place.Text("leaf");
    }
    blank.upper_bytes = fields.Integer("upperBytes", 1, kMaxSafe);
    blank.upper_inodes = fields.Integer("upperInodes", 1, kMaxSafe);
  });
  return mistake.empty() ? std::move(planned) : nullptr;
}

std::unique_ptr<launch::PlannedRoom> ReadLower(std::string_view text, std::string& mistake) {
  auto planned = std::make_unique<launch::PlannedRoom>();
  ReadText(text, "lower", planned->arena, true, mistake,
           [&](Reading&, Fields& fields) { ReadLowerFields(fields, planned->room.root.lower); });
  return mistake.empty() ? std::move(planned) : nullptr;
}

bool ReadProcess(std::string_view text, plan::Arena& arena, plan::Process& process, std::string& mistake) {
  return ReadText(text, "process", arena, true, mistake,
                  [&](Reading&, Fields& fields) { ReadProcessFields(fields, process); });
}

bool ReadAnchor(std::string_view text, launch::AnchorPlan& plan, std::string& mistake) {
  plan::Arena arena;
  return ReadText(text, "anchor", arena, true, mistake, [&](Reading& reading, Fields& fields) {
    plan.init = fields.Text("init");
    plan.launchers = static_cast<uint32_t>(fields.Integer("launchers", 1, 64));
    const Json* cgroup = fields.Value("cgroup");
    if (!cgroup || cgroup->kind == Json::Kind::kNull) return;
    Fields parts(reading, cgroup, &fields, "cgroup");
    plan.cgroup = parts.Text("path");
    for (plan::Text name : parts.Texts("controllers"))
      plan.controllers.append(plan.controllers.empty() ? "+" : " +").append(name);
  });
}

}  // namespace rooms::bridge
