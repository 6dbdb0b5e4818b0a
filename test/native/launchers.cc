#include "launch/launchers.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "check.h"

using namespace rooms;

namespace {

std::atomic<int> finished{0};

// Looks around on a launcher thread: what it got, what it can see, and a descriptor to bring back.
class LookAround : public launch::Job {
 public:
  explicit LookAround(int attachment) : attachment_(attachment) {}

  launch::JobFds Attachments() const override { return {{attachment_}, 1}; }

  void Run(launch::Workshop&, const launch::Stacks&, const launch::JobFds& received, launch::JobFds& reply) override {
    host_is_gone_ = access("/etc/passwd", F_OK) != 0;
    // Node's descriptor 100 does not exist in this table, whatever the other threads opened.
    node_fd_is_gone_ = fcntl(100, F_GETFD) < 0;
    got_it_ = received.count == 1 && write(received.fds[0], "x", 1) == 1;
    for (size_t i = 0; i < received.count; ++i) close(received.fds[i]);
    reply.fds[reply.count++] = open("/", O_PATH | O_CLOEXEC);
  }

  void Finish(const launch::JobFds& received) override {
    CHECK(host_is_gone_ && node_fd_is_gone_ && got_it_);
    CHECK(received.count == 1 && fcntl(received.fds[0], F_GETFD) >= 0);
    close(received.fds[0]);
    ++finished;
  }

 private:
  int attachment_;
  bool host_is_gone_ = false, node_fd_is_gone_ = false, got_it_ = false;
};

int OpenFds() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

}  // namespace

// argv[1]: any readable file will do as room-init, nothing is executed here.
int main(int, char** argv) {
  if (geteuid() != 0) return 77;
  ReadSymbols();
  char self[PATH_MAX];
  CHECK(realpath(argv[0], self));
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK(dup2(ends[1], 100) == 100);
  int before = OpenFds();
  {
    launch::Launchers launchers;
    sys::Fault fault;
    launch::AnchorPlan plan;
    plan.init = self;
    plan.launchers = 3;
    bool started = launchers.Start(plan, fault);
    ExpectNoFault(fault);
    CHECK(started);
    constexpr int kJobs = 3000;  // more than the socket takes at once
    for (int i = 0; i < kJobs; ++i) launchers.Submit(std::make_unique<LookAround>(ends[1]));
    while (finished < kJobs) {
      pollfd ready{launchers.replies(), POLLIN, 0};
      CHECK(poll(&ready, 1, 20'000) == 1);
      launch::JobFds fds;
      while (auto job = launchers.Receive(fds)) job->Finish(fds), launchers.Flush();
    }
    launchers.Stop();
  }
  CHECK(OpenFds() == before);

  launch::Launchers refused;
  sys::Fault fault;
  launch::AnchorPlan plan;
  plan.init = "/no/such/init";
  CHECK(!refused.Start(plan, fault) && fault.path == "/no/such/init" && fault.step == std::string("init.open"));
  return 0;
}
