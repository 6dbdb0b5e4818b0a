// room-init in namespaces of its own, with us at the other end of its socket: what it answers to requests that are
// whole, broken, or too much.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "check.h"
#include "init/protocol.h"
#include "init_path.h"
#include "launch/devices.h"
#include "launch/layers.h"
#include "launch/room_request.h"
#include "launch/run_request.h"
#include "sys/message.h"
#include "sys/mount_api.h"

using namespace rooms;

namespace {

// What a blank room and a room are made of, as the launcher has it: the host's own root as the plank, its own ids.
plan::Blank BlankPlan() {
  static plan::Mount mounts[3]{};
  constexpr plan::MountKind kKinds[] = {plan::MountKind::kDev, plan::MountKind::kProc, plan::MountKind::kSysfs};
  constexpr const char* kTargets[] = {"/dev", "/proc", "/sys"};
  for (int i = 0; i < 3; ++i) {
    mounts[i].kind = kKinds[i];
    mounts[i].target = kTargets[i];
  }
  plan::Blank blank{};
  blank.id = "test";
  blank.mounts = {mounts, 3};
  blank.upper_bytes = 1 << 20;
  blank.upper_inodes = 1000;
  return blank;
}

class Init {
 public:
  explicit Init(bool assembled = true) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    socket_.reset(ends[0]);
    std::string path = InitPath();
    pid_ = fork();
    if (pid_ == 0) {
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, nullptr);  // as launchers start it
      unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC);
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
      dup2(ends[1], 0);
      execl(path.c_str(), init::kRoomInit, nullptr);
      _exit(1);
    }
    close(ends[1]);
    if (assembled) Assemble();
  }

  void Furnish() {
    sys::Fault fault;
    plan::Blank blank = BlankPlan();
    sys::UniqueFd upper = launch::MakeUpper(blank, fault);
    launch::Sources sources;
    sources.mounts.push_back(launch::MakeDevices(fault));
    sources.mounts.resize(3);
    ExpectNoFault(fault);
    CHECK(launch::SendFurnish(socket(), blank, {upper.get(), -1, false}, sources, fault));
  }

  void Assemble() {
    Furnish();
    CHECK(Read().kind == init::RecordKind::kFurnished);
    sys::Fault fault;
    plan::Room room{};
    room.blank = BlankPlan();
    room.hostname = "test";
    room.root.upper_bytes = 2 << 20;
    room.root.upper_inodes = 2000;
    sys::UniqueFd lower(sys::OpenTree(AT_FDCWD, "/", OPEN_TREE_CLONE));
    CHECK(launch::SendAssemble(socket(), room, {lower.get()}, true, {}, fault));
  }

  int socket() const { return socket_.get(); }

  init::Record Read() {
    init::Record record{};
    pollfd ready{socket_.get(), POLLIN, 0};
    CHECK(poll(&ready, 1, 10'000) == 1);
    CHECK(recv(socket_.get(), &record, sizeof record, 0) == sizeof record);
    return record;
  }

  size_t OpenFds() const {
    auto fds = std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/fd");
    return static_cast<size_t>(std::distance(begin(fds), end(fds)));
  }

  bool Ended() {
    pollfd ready{socket_.get(), POLLIN, 0};
    init::Record record;
    return poll(&ready, 1, 10'000) == 1 && recv(socket_.get(), &record, sizeof record, 0) == 0;
  }

  // A request with this payload, whatever it claims, and as many descriptors of /dev/null.
  void SendRaw(init::RequestKind kind, uint32_t process, const std::vector<char>& payload, size_t claimed,
               size_t fd_count) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    std::vector<int> fds(fd_count, null);
    init::Request request{};
    request.kind = kind;
    request.process = process;
    request.size = static_cast<uint32_t>(claimed);
    std::vector<char> message(sizeof request + payload.size());
    memcpy(message.data(), &request, sizeof request);
    std::copy(payload.begin(), payload.end(), message.begin() + sizeof request);
    CHECK(sys::SendMessage(socket_.get(), message.data(), message.size(), fds.data(), fds.size(), 0) == 0);
    close(null);
  }

 private:
  sys::UniqueFd socket_;
  pid_t pid_;
};

void Run(Init& init, uint32_t process, std::vector<plan::Text> argv) {
  plan::Text env[] = {"PATH=/bin"}, search[] = {"/nowhere", "/usr/bin", "/bin"};
  uint32_t groups[] = {0};
  plan::Process plan{};
  plan.argv = {argv.data(), argv.size()};
  plan.env = {env, 1};
  plan.search_path = {search, 3};
  plan.groups = {groups, 1};
  plan.cwd = "/";
  launch::Streams streams;
  for (sys::UniqueFd& stream : streams.room) stream.reset(open("/dev/null", O_RDWR | O_CLOEXEC));
  sys::Fault fault;
  CHECK(launch::SendRun(init.socket(), process, plan, {}, streams, fault));
}

void RunsAndReports() {
  Init init;
  Run(init, 7, {"sh", "-c", "exit 3"});
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  init::Record exited = init.Read();
  CHECK(exited.kind == init::RecordKind::kExited && exited.process == 7 && exited.code == 3 && exited.signal == -1);
  Run(init, 8, {"sleep", "100"});
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  sys::Fault fault;
  CHECK(launch::SendSignal(init.socket(), 8, SIGTERM, fault));
  exited = init.Read();
  CHECK(exited.process == 8 && exited.signal == SIGTERM && exited.code == -1);
  // To nobody: no effect, and it goes on.
  CHECK(launch::SendSignal(init.socket(), 99, SIGTERM, fault));
  Run(init, 9, {"no-such-program"});
  init::Record failed = init.Read();
  CHECK(failed.kind == init::RecordKind::kFailed && failed.failure.step == std::string("run.exec") &&
        failed.failure.error == ENOENT);
}

void EndsWithItsMainProcess() {
  Init init;
  Run(init, 1, {"sleep", "100"});
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  Run(init, 0, {"true"});
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  CHECK(init.Read().kind == init::RecordKind::kExited);
  CHECK(init.Ended());
}

bool Says(const init::Record& record, const char* step, int error) {
  return record.kind == init::RecordKind::kFailed && record.failure.step == std::string(step) &&
         record.failure.error == error;
}

std::vector<char> Bytes(const auto& head, const std::string& tail) {
  std::vector<char> all(sizeof head + tail.size());
  memcpy(all.data(), &head, sizeof head);
  memcpy(all.data() + sizeof head, tail.data(), tail.size());
  return all;
}

void RefusesBrokenPrograms() {
  Init init;
  auto expect = [&](const init::Program& program, const std::string& tail, const char* step, int error,
                    size_t fds = 3) {
    static uint32_t process = 1;
    std::vector<char> payload = Bytes(program, tail);
    init.SendRaw(init::RequestKind::kRun, process++, payload, payload.size(), fds);
    CHECK(Says(init.Read(), step, error));
  };
  init.SendRaw(init::RequestKind::kRun, 99, {}, 0, 3);
  CHECK(Says(init.Read(), "run.body", EINVAL));
  init::Program program{};
  expect(program, std::string(64, 'x'), "run.body", EINVAL);  // no argv
  program.argc = 1;
  expect(program, "unterminated", "run.body", EINVAL);
  program.argc = UINT32_MAX;
  expect(program, std::string("a\0b\0", 4), "run.body", EINVAL);
  program.argc = 1;
  program.limit_count = UINT32_MAX;
  program.group_count = UINT32_MAX;
  expect(program, std::string("a\0/\0", 4), "run.body", EINVAL);
  expect(init::Program{}, std::string(64, 'x'), "run.stdio", EMFILE, 2);  // a descriptor too few
  Run(init, 8, {"true"});
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  CHECK(init.Read().code == 0);
}

// Each of these ends the room, and says why.
void RefusesBrokenRooms() {
  {
    Init init(false);
    Run(init, 0, {"true"});  // with the rights of the host, that is
    CHECK(Says(init.Read(), "room.request", EINVAL));
    CHECK(init.Ended());
  }
  {
    Init init(false);
    init.SendRaw(init::RequestKind::kAssemble, 0, std::vector<char>(sizeof(init::Assembly)), sizeof(init::Assembly), 1);
    CHECK(Says(init.Read(), "room.request", EINVAL));
    CHECK(init.Ended());
  }
  for (uint32_t count : {1u, 1000u, UINT32_MAX}) {
    Init init(false);
    init::Furnishing furnishing{};
    furnishing.mount_count = count;
    std::vector<char> payload = Bytes(furnishing, std::string(8, 'x'));
    init.SendRaw(init::RequestKind::kFurnish, 0, payload, payload.size(), 1);
    CHECK(Says(init.Read(), "room.request", EINVAL));
    CHECK(init.Ended());
  }
  for (int broken = 0; broken < 4; ++broken) {
    Init init(false);
    init.Furnish();
    CHECK(init.Read().kind == init::RecordKind::kFurnished);
    init::Assembly assembly{};
    std::string tail("room\0", 5);
    if (broken == 0) assembly.hostname = 1u << 30;
    if (broken == 1) assembly.filter_length = UINT32_MAX;
    if (broken == 2) assembly.mount_count = 1;
    if (broken == 3) tail = "unterminated";
    std::vector<char> payload = Bytes(assembly, tail);
    init.SendRaw(init::RequestKind::kAssemble, 0, payload, payload.size(), 1);
    CHECK(Says(init.Read(), "room.request", EINVAL));
    CHECK(init.Ended());
  }
  {
    Init init;
    init.Furnish();  // a second time
    CHECK(Says(init.Read(), "room.request", EINVAL));
    CHECK(init.Ended());
  }
}

// What was sent when it was too long for one message.
void TakesMuchAtOnce() {
  Init init;
  std::vector<plan::Text> many(20'001, "ten bytes.");
  many[0] = "sh", many[1] = "-c", many[2] = "exit $(($# % 256))";
  Run(init, 1, many);
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  CHECK(init.Read().code == (20'001 - 4) % 256);
  sys::Fault fault;
  CHECK(launch::SendSignal(init.socket(), 99, SIGTERM, fault));
}

void EndsOnNonsense() {
  Init init;
  CHECK(send(init.socket(), "?", 1, 0) == 1);
  CHECK(init.Ended());
  Init claims;
  claims.SendRaw(init::RequestKind::kRun, 0, {}, 77, 0);
  CHECK(claims.Ended());
  Init unknown;
  unknown.SendRaw(static_cast<init::RequestKind>(77), 0, {}, 0, 0);
  CHECK(unknown.Ended());
}

void KeepsNoDescriptors() {
  Init init;
  size_t before = 0;
  for (uint32_t i = 1; i <= 200; ++i) {
    Run(init, i, {"true"});
    CHECK(init.Read().kind == init::RecordKind::kStarted);
    CHECK(init.Read().kind == init::RecordKind::kExited);
    if (i == 1) before = init.OpenFds();
  }
  CHECK(before > 0 && init.OpenFds() == before);
}

}  // namespace

int main() {
  if (geteuid() != 0) return 77;
  RunsAndReports();
  EndsWithItsMainProcess();
  RefusesBrokenPrograms();
  RefusesBrokenRooms();
  TakesMuchAtOnce();
  EndsOnNonsense();
  KeepsNoDescriptors();
  return 0;
}
