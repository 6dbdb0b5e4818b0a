#pragma once

// types/plan.d.ts as plain structs. Everything lives in one Arena; nothing here has a destructor, so
// all of it goes with that.

#include <stddef.h>
#include <stdint.h>

#include <type_traits>

namespace rooms::plan {

template <typename T>
struct Span {
  const T* data = nullptr;
  size_t size = 0;
  const T* begin() const { return data; }
  const T* end() const { return data + size; }
  const T& operator[](size_t index) const { return data[index]; }
};

using Text = const char*;

enum class EntryKind : uint8_t { kDirectory, kLink, kFile };

struct SkeletonEntry {
  EntryKind kind;
  uint32_t mode;
  Text path;
  Text content;  // of a file, or the destination of a link
};

enum class LowerKind : uint8_t { kImage, kSkeleton };

struct Lower {
  LowerKind kind;
  bool through_loop;
  Text path;    // image
  Text format;  // image: squashfs or erofs
  Text key;     // skeleton
  Span<SkeletonEntry> entries;
};

enum class MountKind : uint8_t {
  kBind,
  kTmpfs,
  kDev,
  kDevpts,
  kProc,
  kSysfs,
  kMqueue,
  kCgroup,
  kMask,
  kReadOnly,
  kDropzone
};

struct Mount {
  MountKind kind;
  Text target;
  uint32_t attributes;
  Text source;   // bind
  bool is_file;  // bind, mask
  bool recursive;
  bool has_idmap;
  uint32_t host_uid, host_gid, room_uid, room_gid;
  int64_t bytes;  // tmpfs
  uint32_t mode;
  uint32_t gid;  // devpts
  int fd;        // dropzone: a mount of the embedding process
};

struct Root {
  Lower lower;
  bool has_layer;
  Mount layer;  // a bind without a target: goes between the lower layer and the writable one
  int64_t upper_bytes;
  int64_t upper_inodes;
  bool read_only;
  bool idmap;
};

struct Identity {
  bool mapped;
  uint32_t base;
  uint32_t size;
};

struct CgroupWrite {
  Text file;
  Text value;
};

struct Cgroup {
  bool present;
  Text parent;
  Text leaf;
  Span<CgroupWrite> writes;
  Span<Text> report;
  Span<Text> watch;
};

struct Rlimit {
  int32_t resource;
  uint64_t soft;
  uint64_t hard;
};

enum class StreamKind : uint8_t { kPipe, kNull, kFd };

struct Stream {
  StreamKind kind;
  int fd;
};

struct Stdio {
  bool pty;
  Stream streams[3];
  uint16_t columns;
  uint16_t rows;
};

struct Process {
  Span<Text> argv;
  Span<Text> env;
  Text cwd;
  Span<Text> search_path;
  uint32_t uid;
  uint32_t gid;
  Span<uint32_t> groups;
  uint64_t capabilities;
  Stdio stdio;
};

struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

// What is the same for every room of a kind: made ahead, or on the way.
struct Blank {
  Text id;
  Identity identity;
  uint32_t pid_max;    // 0: as the kernel has it
  Cgroup cgroup;       // of a blank room alone only parent and leaf are known
  Span<Mount> mounts;  // what the kernel provides, at /dev, /proc and /sys
  int64_t upper_bytes;
  int64_t upper_inodes;
};

struct Room {
  Blank blank;
  bool prepared;  // there is one of that id already
  Text hostname;
  Root root;
  Span<Mount> mounts;  // what the spec declares
  Span<Rlimit> rlimits;
  Bytes seccomp;
  uint64_t capabilities;
  bool waits;  // there is no command yet, and `process` is empty
  bool forks_ahead;
  Process process;
  int64_t lifetime_ms;  // -1: none
};

static_assert(std::is_trivially_destructible_v<Room>);

}  // namespace rooms::plan
