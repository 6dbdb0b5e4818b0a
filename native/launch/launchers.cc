#include "launch/launchers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

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

// What a thread needs before it can serve.
bool Equip(const Stacks& stacks, sys::Fault& fault) {
  if (!stacks.child || !stacks.maker) return sys::Fail(fault, "launchers", "mmap", ENOMEM);
  // Root and working directory of its own: entering the host's mount namespace is refused to a thread that shares them.
  return unshare(CLONE_FS) == 0 ? true : sys::Fail(fault, "launchers", "unshare", errno);
}

void Serve(Workshop& workshop, const Stacks& stacks, const Seclusion& sockets, int requests, bool able) {
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
    while (sent < 0 && sent != -EPIPE) {
      envelope.job->Strip(-sent);
      envelope.job->PassOn();
      sent = sys::SendMessage(sockets.replies, &envelope, sizeof envelope, nullptr, 0, 0);
    }
    CloseAll(reply);
  }
}

// What the first launcher thread is started with; `plan` and `fault` are there until it has answered.
struct Setup {
  const AnchorPlan& plan;
  sys::Fault& fault;
  Seclusion seclusion;
  std::atomic<bool>& closing;
  std::promise<bool> ready{};
};

// The Workshop's descriptors exist only in the launchers' table, so it must begin and end on a launcher thread.
void ServeFirst(Setup setup) {
  pthread_setname_np(pthread_self(), "anchor-launch");
  Stacks stacks;
  Subtree subtree;
  Workshop workshop(setup.closing);  // goes before the cgroups do
  Seclusion seclusion = setup.seclusion;
  std::vector<sys::Thread> others(setup.plan.launchers);
  auto spawn = [&workshop, &seclusion] {
    BecomeBatch();
    Stacks stacks;
    sys::Fault ignored;
    // Spawns go to the other launchers then.
    if (Equip(stacks, ignored)) Serve(workshop, stacks, seclusion, seclusion.spawns, true);
  };
  auto prepare = [&workshop, &seclusion] {
    pthread_setname_np(pthread_self(), "anchor-prepare");
    BecomePolite();
    Stacks stacks;
    sys::Fault ignored;
    // Preparations have nobody else, and come back as not made.
    Serve(workshop, stacks, seclusion, seclusion.preparations, Equip(stacks, ignored));
  };
  bool ok = Seclude(seclusion, workshop, setup.fault) && SealInit(workshop, setup.plan.init.c_str(), setup.fault) &&
            subtree.Open(setup.plan, workshop, setup.fault);
  if (int error = ok ? others.back().Start(prepare) : 0; error != 0)
    ok = sys::Fail(setup.fault, "launchers", "pthread_create", error);
  for (size_t i = 0; ok && i + 1 < others.size(); ++i) others[i].Start(spawn);  // one launcher is enough to go on with
  // After the others have begun: a new thread shares what this one has parted with.
  ok = ok && Equip(stacks, setup.fault);
  setup.ready.set_value(ok);
  if (!ok) return;  // the others end with their sockets
  BecomeBatch();
  Serve(workshop, stacks, seclusion, seclusion.spawns, true);
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
  auto setup =
      std::make_shared<Setup>(Setup{plan, fault, {theirs[0].get(), theirs[0].get(), theirs[1].get()}, closing_});
  std::future<bool> ready = setup->ready.get_future();
  int error = first_.Start([setup] { ServeFirst(std::move(*setup)); });
  if (error != 0) return sys::Fail(fault, "launchers", "pthread_create", error);
  if (ready.get()) return true;
  for (Queue& queue : lanes_) queue.socket.reset();
  first_.Join();
  return false;
}

bool Launchers::Submit(std::unique_ptr<Job> job, Lane lane) {
  std::lock_guard lock(mutex_);
  Queue& queue = lanes_[static_cast<size_t>(lane)];
  queue.waiting.push_back(std::move(job));
  return FlushLocked(queue);
}

bool Launchers::Flush() {
  std::lock_guard lock(mutex_);
  bool all = true;
  for (Queue& queue : lanes_) all &= FlushLocked(queue);
  return all;
}

bool Launchers::FlushLocked(Queue& queue) {
  while (!queue.waiting.empty()) {
    Envelope envelope{queue.waiting.front().get()};
    JobFds fds = envelope.job->Attachments();
    envelope.job->PassOn();
    int sent = sys::SendMessage(queue.socket.get(), &envelope, sizeof envelope, fds.fds, fds.count, MSG_DONTWAIT);
    if (sent == -EAGAIN) return false;  // full: the next reply makes room
    if (sent < 0) {
      // A descriptor that is none, or one too many in flight: the job itself finds it missing and says so.
      envelope.job->Strip(-sent);
      envelope.job->PassOn();
      sent = sys::SendMessage(queue.socket.get(), &envelope, sizeof envelope, nullptr, 0, MSG_DONTWAIT);
    }
    if (sent < 0) return false;  // out of memory for the moment
    (void)queue.waiting.front().release();
    queue.waiting.pop_front();
  }
  return true;
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
