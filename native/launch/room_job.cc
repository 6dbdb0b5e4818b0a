#include "launch/room_job.h"

#include <errno.h>
#include <fcntl.h>

#include "launch/layers.h"
#include "launch/room_request.h"
#include "launch/run_request.h"
#include "sys/clock.h"

namespace rooms::launch {

// Everything made on the way. What is not handed on is undone when this goes, last made first.
struct RoomJob::Parts {
  std::unique_ptr<Blank> blank;
  sys::UniqueFd lower;
  sys::UniqueFd layer;  // above it, if there is one
  Sources sources;
  Streams streams;
};

RoomJob::RoomJob(uint32_t number, std::unique_ptr<PlannedRoom> planned, RoomSink& sink)
    : number_(number), planned_(std::move(planned)), sink_(sink) {
  marks_.parent[kCalled] = sys::Now();
  const plan::Stdio& stdio = planned_->room.process.stdio;
  auto attach = [this](int fd) {
    sys::UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (copy)
      attachments_.push_back(std::move(copy));
    else
      attachment_error_ = errno;
  };
  for (const plan::Stream& stream : stdio.streams)
    if (!stdio.pty && stream.kind == plan::StreamKind::kFd) attach(stream.fd);
  for (const plan::Mount& mount : planned_->room.mounts)
    if (mount.kind == plan::MountKind::kDropzone) attach(mount.fd);
}

JobFds RoomJob::Attachments() const {
  JobFds fds;
  for (const sys::UniqueFd& attachment : attachments_)
    if (fds.count < sys::kMaxMessageFds) fds.fds[fds.count++] = attachment.get();
  return fds;
}

// A room that waits has no streams yet: its process is all zero, and that means pipes.
size_t RoomJob::CountStreams() const {
  const plan::Stdio& stdio = planned_->room.process.stdio;
  size_t count = 0;
  for (const plan::Stream& stream : stdio.streams) count += !stdio.pty && stream.kind == plan::StreamKind::kFd;
  return count;
}

size_t RoomJob::CountDropzones() const {
  size_t count = 0;
  for (const plan::Mount& mount : planned_->room.mounts) count += mount.kind == plan::MountKind::kDropzone;
  return count;
}

void RoomJob::Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) {
  marks_.parent[kTaken] = sys::Now();
  {
    Parts parts;
    launched_ = Make(workshop, stacks, received, parts);
    if (launched_) {
      Blank& blank = *parts.blank;
      pid_ = blank.init.pid();
      blank.leaf.Keep();
      reply.fds[reply.count++] = blank.init.Take();
      reply.fds[reply.count++] = blank.control.take();
      reply.fds[reply.count++] = blank.upper.take();
      reply.fds[reply.count++] = blank.mounts.take();
      for (int i = 0; i < 3; ++i) {
        has_stream_[i] = static_cast<bool>(parts.streams.host[i]);
        if (has_stream_[i]) reply.fds[reply.count++] = parts.streams.host[i].take();
      }
    }
  }
  for (size_t i = 0; i < received.count; ++i) close(received.fds[i]);
}

bool RoomJob::Make(Workshop& workshop, const Stacks& stacks, const JobFds& received, Parts& parts) {
  const plan::Room& room = planned_->room;
  if (room.prepared) {
    // Taken before anything can fail: its ids are given back with this room.
    parts.blank = workshop.blanks.Take(room.blank.id);
    // One that has waited may have been killed: by the out-of-memory killer of the host, or by a person.
    if (parts.blank && parts.blank->init.ended()) parts.blank.reset();
  }
  bool waited = static_cast<bool>(parts.blank);
  if (Prepare(workshop, stacks, received, parts) && Begin(workshop, parts)) return true;
  if (!waited || !gone_) return false;
  // It was killed a moment ago.
  parts = {};
  return Prepare(workshop, stacks, received, parts) && Begin(workshop, parts);
}

bool RoomJob::Prepare(Workshop& workshop, const Stacks& stacks, const JobFds& received, Parts& parts) {
  const plan::Room& room = planned_->room;
  const size_t streams = CountStreams();
  if (received.count != streams + CountDropzones())
    return stripped() ? sys::Fail(fault_, "stdio", "sendmsg", stripped())
                      : sys::Fail(fault_, "stdio", "fcntl", attachment_error_);
  if (!parts.blank) parts.blank = Blank::Make(workshop, stacks, room.blank, fault_);
  if (!parts.blank) return false;
  const Blank& blank = *parts.blank;
  marks_.parent[kBlankReady] = sys::Now();
  parts.lower = MakeLower(workshop, stacks.child, room.root, blank.user_namespace.fd(), fault_);
  if (!parts.lower) return false;
  if (room.root.has_layer) parts.layer = MakeBind(workshop, stacks.child, room.root.layer, fault_);
  if (room.root.has_layer && !parts.layer) return false;
  marks_.parent[kPlankReady] = sys::Now();
  if (!PrepareSources(workshop, stacks.child, room.mounts, room.blank.identity, received.fds + streams, parts.sources,
                      fault_))
    return false;
  uint32_t base = room.blank.identity.mapped ? room.blank.identity.base : 0;
  StreamOwner owner{base + room.process.uid, base + room.process.gid};
  if (!room.waits && !MakeStreams(room.process.stdio, received.fds, blank.sources.devices, blank.sources.devpts, owner,
                                  parts.streams, fault_))
    return false;
  marks_.parent[kPrepared] = sys::Now();
  return true;
}

bool RoomJob::Begin(const Workshop& workshop, Parts& parts) {
  const plan::Room& room = planned_->room;
  Blank& blank = *parts.blank;
  int control = blank.control.get();
  if (room.blank.cgroup.writes.size > 0) {
    if (!blank.Greet(room.blank, workshop.closing, fault_) || !blank.leaf.Arm(room.blank.cgroup, fault_)) return false;
  }
  bool resize = room.root.upper_bytes != blank.upper_bytes || room.root.upper_inodes != blank.upper_inodes;
  if (!SendAssemble(control, room, {parts.lower.get(), parts.layer.get()}, resize, parts.sources, fault_) ||
      (!room.waits && !SendRun(control, 0, room.process, room.rlimits, parts.streams, fault_))) {
    bool ended = fault_.error == EPIPE || fault_.error == ECONNRESET;
    gone_ = ended && !blank.ExplainEnd(room.blank, room.mounts, fault_);
    return false;
  }
  marks_.parent[kSent] = sys::Now();
  return true;
}

void RoomJob::Finish(const JobFds& received) {
  if (!launched_) {
    sink_.LaunchFailed(number_, fault_);
    return;
  }
  size_t expected = 4;
  for (bool stream : has_stream_) expected += stream;
  if (received.count != expected) {
    for (size_t i = 0; i < received.count; ++i) close(received.fds[i]);
    if (stripped())
      sys::Fail(fault_, "launch", "sendmsg", stripped());
    else
      sys::Fail(fault_, "launch", "recvmsg", EMFILE);
    sink_.LaunchLost(number_, pid_, planned_->room.blank.cgroup, fault_);
    return;
  }
  auto room = std::make_unique<LaunchedRoom>();
  room->number = number_;
  room->pid = pid_;
  const int* fd = received.fds;
  room->pidfd.reset(*fd++);
  room->control.reset(*fd++);
  room->upper.reset(*fd++);
  room->mounts.reset(*fd++);
  for (int i = 0; i < 3; ++i)
    if (has_stream_[i]) room->streams[i].reset(*fd++);
  room->planned = std::move(planned_);
  room->marks = marks_;
  sink_.Launched(std::move(room));
}

}  // namespace rooms::launch
