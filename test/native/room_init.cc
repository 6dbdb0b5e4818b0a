// room-init as an ordinary process with us at the other end of its socket: what it answers to requests that are whole,
// broken, or too much.

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "check.h"
#include "init/protocol.h"
#include "launch/run_request.h"
#include "sys/message.h"

using namespace rooms;

namespace {

// CMake puts room-init into Release/ beside the test programs.
std::string InitPath() {
  char self[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  CHECK(size > 0);
  std::string path(self, static_cast<size_t>(size));
  return path.substr(0, path.rfind('/')) + "/Release/room-init";
}

class Init {
 public:
  Init() {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    socket_.reset(ends[0]);
    std::string path = InitPath();
    pid_ = fork();
    if (pid_ == 0) {
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, nullptr);  // as launchers start it
      dup2(ends[1], 0);
      execl(path.c_str(), "room-init", nullptr);
      _exit(1);
    }
    close(ends[1]);
  }

  ~Init() {
    socket_.reset();
    int status = 0;
    CHECK(waitpid(pid_, &status, 0) == pid_);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
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

  // A run request with this body, three times /dev/null, and `fd_count` descriptors in all.
  void SendBody(uint32_t process, const std::vector<char>& body, size_t claimed_size, size_t fd_count = 4) {
    int memory = memfd_create("body", MFD_CLOEXEC);
    CHECK(body.empty() || write(memory, body.data(), body.size()) == static_cast<ssize_t>(body.size()));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fds[] = {null, null, null, memory};
    init::Request request{};
    request.kind = init::RequestKind::kRun;
    request.process = process;
    request.body_size = static_cast<uint32_t>(claimed_size);
    CHECK(sys::SendMessage(socket_.get(), &request, sizeof request, fds, fd_count, 0) == 0);
    close(memory);
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
  CHECK(failed.kind == init::RecordKind::kFailed && failed.step == init::RunStep::kExec && failed.error == ENOENT);
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

void RefusesBrokenBodies() {
  Init init;
  auto expect = [&](init::RunStep step, int error) {
    init::Record record = init.Read();
    CHECK(record.kind == init::RecordKind::kFailed && record.step == step && record.error == error);
  };
  auto bytes = [](const init::Body& body, const std::string& tail) {
    std::vector<char> all(sizeof body + tail.size());
    memcpy(all.data(), &body, sizeof body);
    memcpy(all.data() + sizeof body, tail.data(), tail.size());
    return all;
  };
  init.SendBody(1, {}, 0);
  expect(init::RunStep::kBody, EINVAL);
  init.SendBody(2, std::vector<char>(8), 8);
  expect(init::RunStep::kBody, EINVAL);
  init::Body body{};
  init.SendBody(3, bytes(body, std::string(64, 'x')), sizeof body + 64);  // no argv
  expect(init::RunStep::kBody, EINVAL);
  body.argc = 1;
  init.SendBody(4, bytes(body, "unterminated"), sizeof body + 12);
  expect(init::RunStep::kBody, EINVAL);
  body.argc = UINT32_MAX;
  init.SendBody(5, bytes(body, std::string("a\0b\0", 4)), sizeof body + 4);
  expect(init::RunStep::kBody, EINVAL);
  body.argc = 1;
  body.limit_count = UINT32_MAX;
  body.group_count = UINT32_MAX;
  init.SendBody(6, bytes(body, std::string("a\0/\0", 4)), sizeof body + 4);
  expect(init::RunStep::kBody, EINVAL);
  init.SendBody(7, bytes(init::Body{}, std::string(64, 'x')), sizeof body + 64, 3);  // a descriptor too few
  expect(init::RunStep::kStdio, EMFILE);
  Run(init, 8, {"true"});
  CHECK(init.Read().kind == init::RecordKind::kStarted);
  CHECK(init.Read().code == 0);
}

void EndsOnNonsense() {
  Init init;
  CHECK(send(init.socket(), "?", 1, 0) == 1);
  CHECK(init.Ended());
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
  RefusesBrokenBodies();
  EndsOnNonsense();
  KeepsNoDescriptors();
  return 0;
}
