// Writes inputs for the other targets: what the embedding process and room-init really say to each other, so that the
// fuzzer begins where the protocol is understood. seeds FOLDER, which has a folder for each target.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "init/protocol.h"
#include "launch/room_request.h"
#include "launch/run_request.h"
#include "sys/message.h"

using namespace rooms;

namespace {

std::string folder;

void Write(const std::string& name, const std::string& bytes) {
  FILE* file = fopen((folder + "/" + name).c_str(), "we");
  if (!file || fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || fclose(file) != 0) {
    perror(name.c_str());
    exit(1);
  }
}

std::string Little(size_t value) { return {static_cast<char>(value), static_cast<char>(value >> 8)}; }

// A conversation in the form of kernel.h.
class Conversation {
 public:
  Conversation() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) abort();
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    null_.reset(open("/dev/null", O_RDWR | O_CLOEXEC));
  }

  int socket() const { return ours_.get(); }
  int fd() const { return null_.get(); }

  void Take(uint8_t flags = 0) {
    static char bytes[sizeof(init::Request) + init::kMaxInline];
    int fds[sys::kMaxMessageFds];
    size_t count = 0;
    long size;
    while ((size = sys::ReceiveMessage(theirs_.get(), bytes, sizeof bytes, fds, &count, MSG_DONTWAIT)) > 0) {
      Add(static_cast<uint8_t>(flags | (count < 64 ? count : 63)), {bytes, static_cast<size_t>(size)});
      init::Request request;
      memcpy(&request, bytes, sizeof request);
      if (request.in_memory) {
        std::string content(request.size < 60'000 ? request.size : 60'000, '\0');
        if (pread(fds[count - 1], content.data(), content.size(), 0) < 0) abort();
        Add(0, content);
      }
      for (size_t i = 0; i < count; ++i) close(fds[i]);
    }
  }

  std::string With(const std::string& answers) const { return Little(answers.size()) + answers + messages_; }

 private:
  void Add(uint8_t flags, const std::string& bytes) {
    messages_ += static_cast<char>(flags);
    messages_ += Little(bytes.size()) + bytes;
  }

  sys::UniqueFd ours_, theirs_, null_;
  std::string messages_;
};

void Furnish(Conversation& talk, bool mapped) {
  static plan::Mount mounts[6]{};
  constexpr plan::MountKind kKinds[] = {plan::MountKind::kDev,   plan::MountKind::kDevpts, plan::MountKind::kProc,
                                        plan::MountKind::kSysfs, plan::MountKind::kMask,   plan::MountKind::kReadOnly};
  constexpr const char* kTargets[] = {"/dev", "/dev/pts", "/proc", "/sys", "/proc/kcore", "/proc/sys"};
  launch::Sources sources;
  sources.mounts.resize(6);
  for (size_t i = 0; i < 6; ++i) {
    mounts[i].kind = kKinds[i];
    mounts[i].target = kTargets[i];
    mounts[i].is_file = i == 4;
    if (i < 2) sources.mounts[i].reset(dup(talk.fd()));
  }
  plan::Blank blank{};
  blank.identity = {mapped, 65536, 65536};
  blank.mounts = {mounts, 6};
  sys::Fault fault;
  launch::SendFurnish(talk.socket(), blank, {talk.fd(), mapped ? talk.fd() : -1, mapped}, sources, fault);
  talk.Take();
}

void Assemble(Conversation& talk, size_t mount_count, bool waits = false, bool forks_ahead = false) {
  std::vector<plan::Mount> mounts(mount_count);
  launch::Sources sources;
  sources.mounts.resize(mount_count);
  for (size_t i = 0; i < mount_count; ++i) {
    mounts[i].kind = i % 2 ? plan::MountKind::kTmpfs : plan::MountKind::kBind;
    mounts[i].target = i % 3 ? "/data/deep/down" : "/srv";
    mounts[i].is_file = i % 3 == 0;
    sources.mounts[i].reset(dup(talk.fd()));
  }
  plan::Rlimit limit{7, 1024, 4096};
  uint8_t filter[16] = {6, 0, 0, 0, 0, 0, 0xff, 0x7f, 6};
  plan::Room room{};
  room.hostname = "room";
  room.root.upper_bytes = room.root.upper_inodes = 1 << 20;
  room.root.read_only = true;
  room.mounts = {mounts.data(), mounts.size()};
  room.rlimits = {&limit, 1};
  room.seccomp = {filter, sizeof filter};
  room.capabilities = 1 << 10;
  room.waits = waits;
  room.forks_ahead = forks_ahead;
  sys::Fault fault;
  launch::SendAssemble(talk.socket(), room, {talk.fd()}, true, sources, fault);
  talk.Take();
}

void Run(Conversation& talk, uint32_t process, bool pty, size_t arguments = 3) {
  std::vector<plan::Text> argv(arguments, "x");
  argv[0] = process % 2 ? "/bin/sh" : "sh";
  plan::Text env[] = {"PATH=/bin", "A=b"}, search[] = {"/usr/bin", "/bin"};
  uint32_t groups[] = {0, 5};
  plan::Rlimit limit{7, 1024, 4096};
  plan::Process plan{};
  plan.argv = {argv.data(), argv.size()};
  plan.env = {env, 2};
  plan.search_path = {search, 2};
  plan.groups = {groups, 2};
  plan.cwd = "/";
  plan.capabilities = process;
  plan.stdio.pty = pty;
  launch::Streams streams;
  for (sys::UniqueFd& stream : streams.room) stream.reset(dup(talk.fd()));
  sys::Fault fault;
  launch::SendRun(talk.socket(), process, plan, {&limit, 1}, streams, fault);
  talk.Take();
}

void Signal(Conversation& talk, uint32_t process) {
  sys::Fault fault;
  launch::SendSignal(talk.socket(), process, 15, fault);
  talk.Take(128);
}

void WriteConversations() {
  Conversation plain, mapped, many, large, waiting, ahead;
  Furnish(plain, false);
  Assemble(plain, 0);
  Run(plain, 0, false);
  Signal(plain, 0);
  Write("room-init/plain", plain.With(""));
  Write("room-init/refused", plain.With(std::string(60, '\0') + "\xf1\xf2\xf5"));
  Furnish(mapped, true);
  Assemble(mapped, 4);
  Run(mapped, 0, true);
  Run(mapped, 1, false);
  Run(mapped, 2, true);
  Signal(mapped, 2);
  Signal(mapped, 1);
  Write("room-init/mapped", mapped.With(""));
  Write("room-init/not-found", mapped.With(std::string(20, '\0') + "\xf1" + std::string(10, '\0') + "\xf1\xf1"));
  Furnish(many, true);
  Assemble(many, 150);
  Run(many, 0, false);
  Write("room-init/many-mounts", many.With(""));
  Furnish(large, false);
  Assemble(large, 1);
  Run(large, 0, false, 26'000);
  Write("room-init/large", large.With(""));
  Furnish(waiting, true);
  Assemble(waiting, 1, true);
  Run(waiting, 0, true);
  Run(waiting, 1, false);
  Write("room-init/waiting", waiting.With(""));
  Furnish(ahead, true);
  Assemble(ahead, 1, true, true);
  Run(ahead, 0, false);
  Run(ahead, 1, false);
  Write("room-init/ahead", ahead.With(""));
  Write("room-init/ahead-refused", ahead.With(std::string(60, '\0') + "\xf1\xf2\xf5"));
}

std::string Say(init::RecordKind kind, uint32_t process, int code, int signal, const char* step = "") {
  init::Record record{};
  record.kind = kind;
  record.process = process;
  record.code = code;
  record.signal = signal;
  record.failure.error = 2;
  record.failure.mount = static_cast<int>(process) - 1;
  strncpy(record.failure.step, step, sizeof record.failure.step - 1);
  strncpy(record.failure.syscall, "execve", sizeof record.failure.syscall);
  std::string bytes(reinterpret_cast<const char*>(&record), sizeof record);
  return std::string("\x02") + static_cast<char>(sizeof record) + bytes;
}

void WriteRecords() {
  using Kind = init::RecordKind;
  std::string start = Say(Kind::kFurnished, 0, 0, 0) + Say(Kind::kStarted, 0, 0, 0);
  Write("record/life", start + std::string("\0\1\0\2", 4) + Say(Kind::kStarted, 1, 0, 0) +
                           Say(Kind::kFailed, 2, 0, 0, "run.exec") + Say(Kind::kExited, 1, -1, 9) +
                           Say(Kind::kExited, 0, 3, -1));
  Write("record/waits", std::string("\3\0", 2) + Say(Kind::kFurnished, 0, 0, 0) + Say(Kind::kAssembled, 0, 0, 0) +
                            std::string("\0\0", 2) + Say(Kind::kStarted, 0, 0, 0) + Say(Kind::kExited, 0, 0, -1));
  Write("record/served", std::string("\3\0", 2) + Say(Kind::kAssembled, 0, 0, 0) + std::string("\0\1", 2) +
                             Say(Kind::kStarted, 1, 0, 0) + Say(Kind::kExited, 1, 0, -1) + std::string("\0\0", 2) +
                             Say(Kind::kStarted, 0, 0, 0) + Say(Kind::kExited, 0, 0, -1));
  Write("record/failed", Say(Kind::kFailed, 0, 0, 0, "mount.target"));
  Write("record/forgotten", start + std::string("\0\7\1\7", 4) + Say(Kind::kStarted, 7, 0, 0));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  folder = argv[1];
  WriteConversations();
  WriteRecords();
  return 0;
}
