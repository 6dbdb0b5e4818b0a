#include "launch/launchers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch/init_copy.h"
#include "launch/seclusion.h"
#include "launch/subtree.h"

namespace rooms::launch {

namespace {

// Room for several thousand requests; past that they wait in `waiting_`.
constexpr int kSocketBuffer = 8 << 20;

struct Envelope {
  Job* job;
};

// Not preempting Node's thread when woken is worth more to a caller than the microseconds it costs.
void BecomeBatch() {
  sched_param priority{};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &priority);
}

void CloseAll(const JobFds& fds) {
  for (size_t i = 0; i < fds.count; ++i) close(fds.fds[i]);
}

void Serve(Workshop& workshop, int socket) {
  // Root and working directory of its own: entering the host's mount namespace is refused to a thread that shares them.
  Stacks stacks;
  if (!stacks.child || !stacks.maker || unshare(CLONE_FS) < 0) return;
  BecomeBatch();
  for (;;) {
    Envelope envelope;
    JobFds received, reply;
    long size = sys::ReceiveMessage(socket, &envelope, sizeof envelope, received.fds, &received.count, 0);
    if (size == 0) return;
    if (size < 0) continue;  // out of memory for the moment; the message is still there
    envelope.job->Run(workshop, stacks, received, reply);
    // Without its descriptors the job is told apart from a good one when it is finished; without a reply it is lost.
    int sent = sys::SendMessage(socket, &envelope, sizeof envelope, reply.fds, reply.count, 0);
    while (sent < 0 && sent != -EPIPE) sent = sys::SendMessage(socket, &envelope, sizeof envelope, nullptr, 0, 0);
    CloseAll(reply);
  }
}

// What the first launcher thread is started with; lives in Start() until `ready` was written.
struct Setup {
  const AnchorPlan& plan;
  sys::Fault& fault;
  Seclusion seclusion;
};

// The Workshop's descriptors exist only in the launchers' table, so it must begin and end on a launcher thread.
void ServeFirst(Setup& setup) {
  pthread_setname_np(pthread_self(), "anchor-launch");
  Workshop workshop;
  Subtree subtree;
  Seclusion seclusion = setup.seclusion;
  uint32_t launchers = setup.plan.launchers;
  bool ok = Seclude(seclusion, workshop, setup.fault) && SealInit(workshop, setup.plan.init.c_str(), setup.fault) &&
            subtree.Open(setup.plan, workshop, setup.fault);
  char answer = ok ? 1 : 0;
  (void)!write(seclusion.ready, &answer, 1);  // `setup` is gone from here on
  if (!ok) return;                            // and its descriptors with the last thread that has this table
  close(seclusion.ready);

  workshop.networks.Start();
  workshop.devices.Start();
  std::vector<sys::Thread> others(launchers - 1);
  // One launcher is enough to go on with.
  for (sys::Thread& other : others) other.Start([&workshop, &seclusion] { Serve(workshop, seclusion.socket); });
  Serve(workshop, seclusion.socket);
  for (sys::Thread& other : others) other.Join();
  close(seclusion.socket);
}

}  // namespace

Launchers::~Launchers() { Stop(); }

bool Launchers::Start(const AnchorPlan& plan, sys::Fault& fault) {
  int ends[2], ready[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return sys::Fail(fault, "launchers", "socketpair", errno);
  socket_.reset(ends[0]);
  sys::UniqueFd theirs(ends[1]);
  for (int end : ends) setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &kSocketBuffer, sizeof kSocketBuffer);
  if (pipe2(ready, O_CLOEXEC) < 0) return sys::Fail(fault, "launchers", "pipe2", errno);
  sys::UniqueFd wait_end(ready[0]), go_end(ready[1]);
  Setup setup{plan, fault, {theirs.get(), go_end.get()}};

  int error = first_.Start([&setup] { ServeFirst(setup); });
  if (error != 0) return sys::Fail(fault, "launchers", "pthread_create", error);

  char answer = 0;
  while (read(wait_end.get(), &answer, 1) < 0 && errno == EINTR) {
  }
  if (answer == 1) return true;
  first_.Join();
  socket_.reset();
  return false;
}

void Launchers::Submit(std::unique_ptr<Job> job) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  Flush();
}

void Launchers::Flush() {
  std::lock_guard lock(mutex_);
  while (!waiting_.empty()) {
    Envelope envelope{waiting_.front().get()};
    JobFds fds = envelope.job->Attachments();
    int sent = sys::SendMessage(socket_.get(), &envelope, sizeof envelope, fds.fds, fds.count, MSG_DONTWAIT);
    if (sent == -EAGAIN) return;  // full: the next reply makes room
    // A descriptor that is none, or one too many in flight: the job itself finds it missing and says so.
    if (sent < 0) sent = sys::SendMessage(socket_.get(), &envelope, sizeof envelope, nullptr, 0, MSG_DONTWAIT);
    if (sent < 0) return;
    (void)waiting_.front().release();
    waiting_.pop_front();
  }
}

std::unique_ptr<Job> Launchers::Receive(JobFds& fds) {
  Envelope envelope;
  long size = sys::ReceiveMessage(socket_.get(), &envelope, sizeof envelope, fds.fds, &fds.count, MSG_DONTWAIT);
  if (size != sizeof envelope) return nullptr;
  return std::unique_ptr<Job>(envelope.job);
}

void Launchers::Stop() {
  if (!first_.running()) return;
  shutdown(socket_.get(), SHUT_WR);
  first_.Join();
}

}  // namespace rooms::launch
