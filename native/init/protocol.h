#pragma once

// What travels over the control socket between the embedding process and room-init. Records have a fixed size, so a
// message is whole or not there (SOCK_SEQPACKET); anything of variable length lies in a memfd that rides along.

#include <stdint.h>

namespace rooms::init {

constexpr int kControlFd = 0;
constexpr unsigned kMaxSubtreeName = 128;  // what room-keeper has room for

// What room-init keeps, in the room's own user namespace: it gives each process its ids and may signal it.
constexpr uint64_t kInitCapabilities = (1u << 5) | (1u << 6) | (1u << 7) | (1u << 8);  // KILL SETGID SETUID SETPCAP

enum class RequestKind : uint32_t { kRun = 1, kSignal = 2 };

struct Request {
  RequestKind kind;
  uint32_t process;    // chosen by the sender; 0 is the command, and the room ends with it
  uint32_t body_size;  // run: bytes in the memfd
  uint32_t terminal;   // run: stdin is a terminal and becomes the controlling one
  int32_t signal;      // signal
  uint32_t padding;
};

// Descriptors of a run request, in this order.
enum RunFd : unsigned { kStdin, kStdout, kStderr, kBody, kRunFds };

struct Limit {
  uint32_t resource;
  uint32_t padding;
  uint64_t soft;
  uint64_t hard;
};

// Start of the memfd. After it: limits[limit_count], groups[group_count] (uint32), then NUL-terminated strings:
// argv, env, search path, cwd.
struct Body {
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

// kHello: room-init runs, in memory of its own; sent only when asked for by this argument.
constexpr const char* kAnnounce = "announce";

enum class RecordKind : uint32_t { kHello = 1, kStarted = 2, kFailed = 3, kExited = 4 };

// The step of starting a process that failed; native/watch/life.cc has their names.
enum class RunStep : int32_t {
  kNone,
  kBody,
  kTable,
  kFork,
  kStdio,
  kSession,
  kCwd,
  kLimits,
  kIds,
  kCapabilities,
  kExec
};

struct Usage {
  int64_t user_time_us;
  int64_t system_time_us;
  int64_t max_rss_bytes;
  int64_t minor_faults;
  int64_t major_faults;
  int64_t voluntary_switches;
  int64_t involuntary_switches;
};

struct Record {
  RecordKind kind;
  uint32_t process;
  RunStep step;    // failed
  int32_t error;   // failed: errno
  int32_t code;    // exited: status, or -1
  int32_t signal;  // exited: signal, or -1
  int64_t clock;   // CLOCK_MONOTONIC, nanoseconds
  Usage usage;     // exited
};

}  // namespace rooms::init
