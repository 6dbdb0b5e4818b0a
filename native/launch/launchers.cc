#include "launch/launchers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "launch/init_copy.h"
#include "launch/seclusion.h"
#include "launch/subtree.h"
#include "sys/raw.h"

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

// Only where there is a way back for the processes it makes: raising a priority takes CAP_SYS_NICE.
void BecomePolite() {
  constexpr int kNice = 10;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (sys::Raw(__NR_capget, sys::Arg(&header), sys::Arg(sets)) < 0 || !(sets[0].effective >> CAP_SYS_NICE & 1)) return;
  setpriority(PRIO_PROCESS, static_cast<id_t>(sys::Raw(__NR_gettid)), kNice);
}

void CloseAll(const JobFds& fds) {
  for (size_t i = 0; i < fds.count; ++i) close(fds.fds[i]);
}

void Serve(Workshop& workshop, const Seclusion& sockets, int requests) {
  // Root and working directory of its own: entering the host's mount namespace is refused to a thread that shares them.
  Stacks stacks;
  bool able = stacks.child && stacks.maker && unshare(CLONE_FS) == 0;
  // Spawns go to the other launchers then; preparations have nobody else, and come back as not made.
  if (!able && requests == sockets.spawns) return;
  for (;;) {
    Envelope envelope;
    JobFds received, reply;
    long size = sys::ReceiveMessage(requests, &envelope, sizeof envelope, received.fds, &received.count, 0);
    if (size == 0) return;
    if (size < 0) continue;  // out of memory for the moment; the message is still there
    envelope.job->TakeOver();
    if (able) envelope.job->Run(workshop, stacks, received, reply);
    envelope.job->PassOn();
    // Without its descriptors the job is told apart from a good one when it is finished; without a reply it is lost.
    int sent = sys::SendMessage(sockets.replies, &envelope, sizeof envelope, reply.fds, reply.count, 0);
    while (sent < 0 && sent != -EPIPE)
      sent = sys::SendMessage(sockets.replies, &envelope, sizeof envelope, nullptr, 0, 0);
    CloseAll(reply);
  }
}

// What the first launcher thread is started with; lives in Start() until `ready` was written.
struct Setup {
  const AnchorPlan& plan;
  sys::Fault& fault;
  Seclusion seclusion;
  std::atomic<bool> answered{false};  // as Job::PassOn
};

// The Workshop's descriptors exist only in the launchers' table, so it must begin and end on a launcher thread.
void ServeFirst(Setup& setup) {
  pthread_setname_np(pthread_self(), "anchor-launch");
  Subtree subtree;
  Workshop workshop;  // goes before the cgroups do
  Seclusion seclusion = setup.seclusion;
  std::vector<sys::Thread> others(setup.plan.launchers);
  auto spawn = [&workshop, &seclusion] {
    BecomeBatch();
    Serve(workshop, seclusion, seclusion.spawns);
  };
  auto prepare = [&workshop, &seclusion] {
    pthread_setname_np(pthread_self(), "anchor-prepare");
    BecomePolite();
    Serve(workshop, seclusion, seclusion.preparations);
  };
  bool ok = Seclude(seclusion, workshop, setup.fault) && SealInit(workshop, setup.plan.init.c_str(), setup.fault) &&
            subtree.Open(setup.plan, workshop, setup.fault);
  if (int error = ok ? others.back().Start(prepare) : 0; error != 0)
    ok = sys::Fail(setup.fault, "launchers", "pthread_create", error);
  char answer = ok ? 1 : 0;
  setup.answered.store(true, std::memory_order_release);
  (void)!write(seclusion.ready, &answer, 1);  // `setup` is gone from here on
  if (!ok) return;                            // and its descriptors with the last thread that has this table
  close(seclusion.ready);

  for (size_t i = 0; i + 1 < others.size(); ++i) others[i].Start(spawn);  // one launcher is enough to go on with
  spawn();
  for (sys::Thread& other : others) other.Join();
}

}  // namespace

Launchers::~Launchers() { Stop(); }

bool Launchers::Start(const AnchorPlan& plan, sys::Fault& fault) {
  sys::UniqueFd theirs[2];
  for (size_t lane = 0; lane < 2; ++lane) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
      return sys::Fail(fault, "launchers", "socketpair", errno);
    lanes_[lane].socket.reset(ends[0]);
    theirs[lane].reset(ends[1]);
    for (int end : ends) setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &kSocketBuffer, sizeof kSocketBuffer);
  }
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) < 0) return sys::Fail(fault, "launchers", "pipe2", errno);
  sys::UniqueFd wait_end(ready[0]), go_end(ready[1]);
  Setup setup{plan, fault, {theirs[0].get(), theirs[0].get(), theirs[1].get(), go_end.get()}, {}};

  int error = first_.Start([&setup] { ServeFirst(setup); });
  if (error != 0) return sys::Fail(fault, "launchers", "pthread_create", error);

  char answer = 0;
  while (read(wait_end.get(), &answer, 1) < 0 && errno == EINTR) {
  }
  (void)setup.answered.load(std::memory_order_acquire);
  if (answer == 1) return true;
  first_.Join();
  for (Queue& queue : lanes_) queue.socket.reset();
  return false;
}

void Launchers::Submit(std::unique_ptr<Job> job, Lane lane) {
  std::lock_guard lock(mutex_);
  Queue& queue = lanes_[static_cast<size_t>(lane)];
  queue.waiting.push_back(std::move(job));
  FlushLocked(queue);
}

void Launchers::Flush() {
  std::lock_guard lock(mutex_);
  for (Queue& queue : lanes_) FlushLocked(queue);
}

void Launchers::FlushLocked(Queue& queue) {
  while (!queue.waiting.empty()) {
    Envelope envelope{queue.waiting.front().get()};
    JobFds fds = envelope.job->Attachments();
    envelope.job->PassOn();
    int sent = sys::SendMessage(queue.socket.get(), &envelope, sizeof envelope, fds.fds, fds.count, MSG_DONTWAIT);
    if (sent == -EAGAIN) return;  // full: the next reply makes room
    // A descriptor that is none, or one too many in flight: the job itself finds it missing and says so.
    if (sent < 0) sent = sys::SendMessage(queue.socket.get(), &envelope, sizeof envelope, nullptr, 0, MSG_DONTWAIT);
    if (sent < 0) return;
    (void)queue.waiting.front().release();
    queue.waiting.pop_front();
  }
}

std::unique_ptr<Job> Launchers::Receive(JobFds& fds) {
  Envelope envelope;
  long size = sys::ReceiveMessage(replies(), &envelope, sizeof envelope, fds.fds, &fds.count, MSG_DONTWAIT);
  if (size != sizeof envelope) return nullptr;
  envelope.job->TakeOver();
  return std::unique_ptr<Job>(envelope.job);
}

void Launchers::Stop() {
  if (!first_.running()) return;
  for (Queue& queue : lanes_) shutdown(queue.socket.get(), SHUT_WR);
  first_.Join();
}

}  // namespace rooms::launch
