#include "launch/room_job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "init/protocol.h"
#include "launch/layers.h"
#include "launch/run_request.h"
#include "launch/sources.h"
#include "launch/user_namespace.h"
#include "sys/abi.h"
#include "sys/clock.h"
#include "sys/clone.h"

namespace rooms::launch {

// Everything made on the way. What is not handed on is undone when this goes, last made first.
struct RoomJob::Parts {
  UserNamespace user_namespace;
  sys::UniqueFd network, lower, upper;
  Sources sources;
  Streams streams;
  sys::UniqueFd our_control, init_control;
  Leaf leaf;
  sys::UniqueFd pidfd;
  bool running = false;

  ~Parts() {
    if (!running) return;
    // The clone succeeded and something after it did not: room-init takes everything with it, and then the leaf is
    // empty.
    sys::Raw(__NR_pidfd_send_signal, pidfd.get(), SIGKILL, 0, 0);
    siginfo_t info;
    while (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
    }
  }
};

namespace {

bool HasLimits(const plan::Room& room) { return room.cgroup.present && room.cgroup.writes.size > 0; }

}  // namespace

RoomJob::RoomJob(uint32_t number, std::unique_ptr<PlannedRoom> planned, RoomSink& sink)
    : number_(number), planned_(std::move(planned)), sink_(sink) {
  marks_.parent[kCalled] = sys::Now();
  const plan::Stdio& stdio = planned_->room.process.stdio;
  for (int i = 0; i < 3; ++i)
    if (!stdio.pty && stdio.streams[i].kind == plan::StreamKind::kFd)
      attachments_[i].reset(fcntl(stdio.streams[i].fd, F_DUPFD_CLOEXEC, 0));
}

JobFds RoomJob::Attachments() const {
  JobFds fds;
  for (const sys::UniqueFd& attachment : attachments_)
    if (attachment) fds.fds[fds.count++] = attachment.get();
  return fds;
}

size_t RoomJob::CountStreams() const {
  const plan::Stdio& stdio = planned_->room.process.stdio;
  size_t count = 0;
  for (const plan::Stream& stream : stdio.streams) count += !stdio.pty && stream.kind == plan::StreamKind::kFd;
  return count;
}

void RoomJob::Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) {
  marks_.parent[kTaken] = sys::Now();
  {
    Parts parts;
    launched_ = Prepare(workshop, stacks, received, parts) && Clone(workshop, stacks.child, parts) && Begin(parts);
    if (launched_) {
      parts.running = false;
      parts.leaf.Keep();
      reply.fds[reply.count++] = parts.pidfd.take();
      reply.fds[reply.count++] = parts.our_control.take();
      reply.fds[reply.count++] = parts.upper.take();
      for (int i = 0; i < 3; ++i) {
        has_stream_[i] = static_cast<bool>(parts.streams.host[i]);
        if (has_stream_[i]) reply.fds[reply.count++] = parts.streams.host[i].take();
      }
    }
  }
  for (size_t i = 0; i < received.count; ++i) close(received.fds[i]);
}

bool RoomJob::Prepare(Workshop& workshop, const Stacks& stacks, const JobFds& received, Parts& parts) {
  const plan::Room& room = planned_->room;
  if (received.count != CountStreams()) return sys::Fail(fault_, "stdio", "fcntl", EBADF);
  uint32_t base = room.identity.mapped ? room.identity.base : 0;
  if (room.identity.mapped) {
    IdMap map{0, base, room.identity.size};
    parts.user_namespace = UserNamespace::Make(workshop.proc.get(), stacks.maker, map, map, fault_);
    if (!parts.user_namespace) return false;
  }
  marks_.parent[kUserReady] = sys::Now();
  parts.lower = MakeLower(workshop, stacks.child, room.root, parts.user_namespace.fd(), fault_);
  if (!parts.lower) return false;
  marks_.parent[kPlankReady] = sys::Now();
  parts.network = workshop.networks.Take(fault_);
  if (!parts.network) return false;
  marks_.parent[kNetworkReady] = sys::Now();
  parts.upper = MakeUpper(room.root, base, fault_);
  if (!parts.upper) return false;
  if (!PrepareSources(workshop, stacks.child, room, parts.sources, fault_)) return false;
  StreamOwner owner{base + room.process.uid, base + room.process.gid};
  if (!MakeStreams(room.process.stdio, received.fds, parts.sources.devices, parts.sources.devpts, owner, parts.streams,
                   fault_))
    return false;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return sys::Fail(fault_, "control", "socketpair", errno);
  // Hundreds of signals may be on their way while room-init waits for an execve.
  constexpr int kRequestBuffer = 4 << 20;
  setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &kRequestBuffer, sizeof kRequestBuffer);
  parts.our_control.reset(ends[0]);
  parts.init_control.reset(ends[1]);
  if (room.cgroup.present && !parts.leaf.Create(workshop, room.cgroup, fault_)) return false;
  marks_.parent[kPrepared] = sys::Now();
  return true;
}

bool RoomJob::Clone(const Workshop& workshop, const Stack& stack, Parts& parts) {
  const plan::Room& room = planned_->room;
  child::Input input{};
  input.network = parts.network.get();
  input.upper = parts.upper.get();
  input.lower = parts.lower.get();
  input.user_namespace = parts.user_namespace.fd();
  input.control = parts.init_control.get();
  input.init = workshop.init.get();
  input.proc = workshop.lift_oom_score ? workshop.proc.get() : -1;
  input.read_only_root = room.root.read_only;
  input.owner_uid = input.owner_gid = room.identity.mapped ? room.identity.base : 0;
  input.hostname = room.hostname;
  input.hostname_length = strlen(room.hostname);
  input.mounts = parts.sources.span();
  input.rlimits = room.rlimits;
  input.announce = HasLimits(room);
  input.capabilities = room.process.capabilities;
  input.filter.len = static_cast<unsigned short>(room.seccomp.size / sizeof(sock_filter));
  input.filter.filter = reinterpret_cast<sock_filter*>(const_cast<uint8_t*>(room.seccomp.data));

  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
               CLONE_NEWUTS;
  args.exit_signal = SIGCHLD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.stack = reinterpret_cast<uint64_t>(stack.start());
  args.stack_size = stack.size();
  if (room.cgroup.present) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(parts.leaf.fd());
  }
  pid_ = sys::CloneCall(args, child::Run, &input);
  if (pid_ < 0) return sys::Fail(fault_, "clone", "clone3", pid_);
  parts.pidfd.reset(pidfd);
  parts.running = true;
  // The child changed its ids while it shared our memory, which made the kernel mark that memory as not dumpable.
  if (prctl(PR_GET_DUMPABLE) != workshop.dumpable) prctl(PR_SET_DUMPABLE, workshop.dumpable);
  memcpy(marks_.child, input.marks, sizeof input.marks);
  marks_.parent[kExecuted] = sys::Now();
  if (input.failure.error != 0) {
    DescribeChildFailure(input.failure);
    return false;
  }
  return input.executing ? true : sys::Fail(fault_, "clone", "waitid", ECANCELED);
}

bool RoomJob::Begin(Parts& parts) {
  const plan::Room& room = planned_->room;
  // Without this end, room-init's death would leave us waiting on our own copy.
  parts.init_control.reset();
  if (HasLimits(room)) {
    // The kernel lets a vfork go on shortly before the child has left our memory: only room-init's own word tells.
    init::Record hello;
    ssize_t size;
    do size = recv(parts.our_control.get(), &hello, sizeof hello, 0);
    while (size < 0 && errno == EINTR);
    if (size != sizeof hello) return sys::Fail(fault_, "run.request", "recv", EPIPE);
    if (!parts.leaf.Arm(room.cgroup, fault_)) return false;
  }
  if (!SendRun(parts.our_control.get(), 0, room.process, room.rlimits, parts.streams, fault_)) return false;
  marks_.parent[kSent] = sys::Now();
  return true;
}

void RoomJob::DescribeChildFailure(const child::Failure& failure) {
  const char* path = "";
  if (failure.mount >= 0) path = planned_->room.mounts[static_cast<size_t>(failure.mount)].target;
  sys::Fail(fault_, failure.step, failure.syscall, failure.error, path);
}

void RoomJob::Finish(const JobFds& received) {
  if (!launched_) {
    sink_.LaunchFailed(number_, fault_);
    return;
  }
  size_t expected = 3;
  for (bool stream : has_stream_) expected += stream;
  if (received.count != expected) {
    for (size_t i = 0; i < received.count; ++i) close(received.fds[i]);
    sink_.LaunchLost(number_, pid_, planned_->room.cgroup);
    return;
  }
  auto room = std::make_unique<LaunchedRoom>();
  room->number = number_;
  room->pid = pid_;
  const int* fd = received.fds;
  room->pidfd.reset(*fd++);
  room->control.reset(*fd++);
  room->upper.reset(*fd++);
  for (int i = 0; i < 3; ++i)
    if (has_stream_[i]) room->streams[i].reset(*fd++);
  room->planned = std::move(planned_);
  room->marks = marks_;
  sink_.Launched(std::move(room));
}

}  // namespace rooms::launch
