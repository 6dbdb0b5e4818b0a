#include "watch/cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/raw.h"
#include "sys/thread.h"

namespace rooms::watch {

namespace {

// 0 or the error number of open(2).
int ReadFile(const char* path, std::string& text) {
  sys::UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return errno;
  char buffer[4096];
  text.clear();
  for (ssize_t size; (size = read(file.get(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(size));
  return 0;
}

}  // namespace

bool ReadText(const std::string& path, std::string& text) {
  int error = ReadFile(path.c_str(), text);
  if (error != EMFILE) return error == 0;
  // The table is the program's. A number that is freed in it may be taken by another thread; one in an empty table of a
  // thread of our own cannot. No descriptor is copied there, so none is closed: close_range(2).
  constexpr unsigned kUnshare = 1u << 1;  // CLOSE_RANGE_UNSHARE, which older headers lack
  sys::Thread reader;
  if (reader.Start([&] {
        long emptied = sys::Raw(__NR_close_range, 0, ~0u, kUnshare);
        error = emptied < 0 ? static_cast<int>(-emptied) : ReadFile(path.c_str(), text);
      }) != 0)
    return false;
  reader.Join();
  return error == 0;
}

namespace {

// The cgroup of a room that has ended goes away at any moment: its files are not there, or are those of nothing.
bool FreezeFailed(sys::Fault& fault, const char* syscall, const std::string& path) {
  bool ended = errno == ENOENT || errno == ENODEV;
  return sys::Fail(fault, ended ? "room.ended" : "freeze", syscall, errno, ended ? "" : path);
}

}  // namespace

bool Freeze(const std::string& leaf, bool frozen, sys::Fault& fault) {
  constexpr int64_t kPatience = 10'000'000'000;
  const std::string control_path = leaf + "/cgroup.freeze", events_path = leaf + "/cgroup.events";
  sys::UniqueFd events(open(events_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!events) return FreezeFailed(fault, "open", events_path);
  sys::UniqueFd control(open(control_path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!control) return FreezeFailed(fault, "open", control_path);
  if (write(control.get(), frozen ? "1" : "0", 1) != 1) return FreezeFailed(fault, "write", control_path);

  const std::string wanted = frozen ? "frozen 1" : "frozen 0";
  for (int64_t until = sys::Now() + kPatience;;) {
    char text[256];
    ssize_t size = pread(events.get(), text, sizeof text, 0);
    if (size < 0) return FreezeFailed(fault, "pread", events_path);
    if (std::string(text, static_cast<size_t>(size)).find(wanted) != std::string::npos) return true;
    // Nobody is left to be frozen.
    if (std::string(text, static_cast<size_t>(size)).find("populated 0") != std::string::npos)
      return sys::Fail(fault, "room.ended", "pread", ESRCH);
    int64_t left = until - sys::Now();
    if (left <= 0) return sys::Fail(fault, "freeze", "poll", ETIMEDOUT, events_path);
    pollfd watched{events.get(), POLLPRI, 0};
    // Nothing wakes whoever waits for a cgroup that is removed.
    constexpr int64_t kLookMs = 100;
    poll(&watched, 1, static_cast<int>(std::min(left / 1'000'000 + 1, kLookMs)));
  }
}

}  // namespace rooms::watch
