#pragma once

// What travels over the control socket between the embedding process and room-init: SEQPACKET, so a message is whole or
// not there. A request is a Request, its payload, and descriptors; room-init answers with Records.
//
// The life of a room-init: kFurnish while nobody knows yet what the room is for, kAssemble when that is known, then any
// number of kRun and kSignal. Until kAssemble is done it has the rights of whoever started it, and it runs nothing.
// Between kAssemble and the kRun of process 0 a room may wait for its command, for as long as the embedding process
// likes. Other processes may run meanwhile, unless that of the command was forked ahead: it takes the first kRun.

#include <linux/filter.h>
#include <stdint.h>
#include <sys/resource.h>

namespace rooms::init {

// The first argument of our executable says which of the two it is.
constexpr const char* kRoomInit = "room-init";
constexpr const char* kRoomKeeper = "room-keeper";

constexpr int kControlFd = 0;
constexpr int kSignalsFd = 1;
constexpr unsigned kMaxSubtreeName = 128;  // what room-keeper has room for

// What room-init keeps, in the room's own user namespace: it gives each process its ids and may signal it.
constexpr uint64_t kInitCapabilities = (1u << 5) | (1u << 6) | (1u << 7) | (1u << 8);  // KILL SETGID SETUID SETPCAP

enum class RequestKind : uint32_t { kFurnish = 1, kCarry, kAssemble, kRun, kSignal };

// A larger payload lies in a memfd, which is then the last descriptor.
constexpr uint32_t kMaxInline = 48 * 1024;
constexpr unsigned kMaxRequestFds = 64;
// kCarry brings descriptors only, for the kAssemble that follows: more of them than one message takes.
constexpr unsigned kMaxCarriedFds = 4096;

struct Request {
  RequestKind kind;
  uint32_t size;       // bytes of payload
  uint32_t in_memory;  // the payload is in a memfd
  uint32_t process;    // run, signal: chosen by the sender; 0 is the command, and the room ends with it
  uint32_t terminal;   // run: stdin is a terminal and becomes the controlling one
  int32_t signal;      // signal
};

constexpr int32_t kNoSource = -1;

// One mount. Texts are offsets into the payload, of NUL-terminated strings.
struct Mount {
  uint32_t kind;  // plan::MountKind
  uint32_t is_file;
  uint32_t attributes;
  int32_t source;  // which of the request's descriptors, or kNoSource: room-init makes it
  uint32_t target;
};

struct Limit {
  uint32_t resource;
  uint32_t padding;
  uint64_t soft;
  uint64_t hard;
};

// Payload of kFurnish: this, mounts, strings. Descriptors: the upper tmpfs, the user namespace if there is one,
// sources.
struct Furnishing {
  uint32_t owner_uid;  // of directories made for mount targets
  uint32_t owner_gid;
  uint32_t has_user_namespace;
  uint32_t lift_oom_score;  // the embedding process is exempt from the out-of-memory killer; rooms are not
  uint32_t pid_max;         // of the room's PID namespace; 0: as it is
  uint32_t mount_count;
};

// Payload of kAssemble: this, limits, filter, mounts, strings. Descriptors, those of kCarry first: the lower layer,
// the one above it if there is one, sources.
struct Assembly {
  uint64_t capabilities;  // kept for the command; room-init adds its own
  uint32_t resize_upper;  // its size and number of inodes are other than what it was made with
  uint32_t upper_bytes;   // text
  uint32_t upper_inodes;  // text
  uint32_t read_only_root;
  uint32_t hostname;  // text
  uint32_t limit_count;
  uint32_t filter_length;  // of sock_filter; 0: none
  uint32_t mount_count;
  uint32_t has_layer;    // one more, between the lower layer and the writable one
  uint32_t waits;        // no kRun follows at once: kAssembled says when it may come
  uint32_t forks_ahead;  // the process of the command is made before it; that kRun has no terminal
};

// Payload of kRun: this, limits, groups (uint32), then NUL-terminated strings: argv, env, search path, cwd.
// Descriptors: stdin, stdout, stderr.
struct Program {
  uint32_t argc;
  uint32_t envc;
  uint32_t search_count;
  uint32_t group_count;
  uint32_t limit_count;
  uint32_t uid;
  uint32_t gid;
  uint32_t padding;
  uint64_t capabilities;
};

constexpr unsigned kRunFds = 3;

// kFurnished answers kFurnish: room-init runs, in memory of its own. kFailed with process 0: the room ends.
// kAssembled: only where the room waits.
enum class RecordKind : uint32_t { kFurnished = 1, kAssembled, kStarted, kFailed, kExited };

// Points on the way from kAssemble to the command, CLOCK_MONOTONIC nanoseconds; 0: before anybody asked for it. After a
// wait only kTold is left, and means kRun.
enum Mark : unsigned { kTold, kRootReady, kMountsReady, kIdentityReady, kSealed, kMarks };

struct Usage {
  int64_t user_time_us;
  int64_t system_time_us;
  int64_t max_rss_bytes;
  int64_t minor_faults;
  int64_t major_faults;
  int64_t voluntary_switches;
  int64_t involuntary_switches;
};

inline Usage UsageOf(const rusage& usage) {
  return {usage.ru_utime.tv_sec * 1'000'000LL + usage.ru_utime.tv_usec,
          usage.ru_stime.tv_sec * 1'000'000LL + usage.ru_stime.tv_usec,
          usage.ru_maxrss * 1024LL,
          usage.ru_minflt,
          usage.ru_majflt,
          usage.ru_nvcsw,
          usage.ru_nivcsw};
}

// A step that failed, by the names that TypeScript knows it by.
struct Failure {
  char step[24];
  char syscall[20];
  int32_t error;  // errno
  int32_t mount;  // index of the mount it happened at, or -1
};

struct Record {
  RecordKind kind;
  uint32_t process;
  int32_t code;    // exited: status, or -1
  int32_t signal;  // exited: signal, or -1
  int64_t clock;   // CLOCK_MONOTONIC, nanoseconds
  Failure failure;
  union {
    Usage usage;            // exited
    int64_t marks[kMarks];  // assembled; started, process 0
  };
};

}  // namespace rooms::init
