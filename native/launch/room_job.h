#pragma once

#include <errno.h>

#include <memory>
#include <vector>

#include "init/protocol.h"
#include "launch/blank.h"
#include "launch/job.h"
#include "launch/streams.h"
#include "plan/arena.h"

namespace rooms::launch {

// A plan and the memory it lives in.
struct PlannedRoom {
  plan::Arena arena;
  plan::Room room{};
};

// Points of a launch, CLOCK_MONOTONIC nanoseconds; those of room-init follow.
enum LaunchMark : unsigned { kCalled, kTaken, kBlankReady, kPlankReady, kPrepared, kSent, kLaunchMarks };

struct LaunchMarks {
  int64_t parent[kLaunchMarks] = {};
  int64_t init[init::kMarks] = {};
};

// A room that runs, as the watcher takes it over.
struct LaunchedRoom {
  uint32_t number;
  long pid;
  sys::UniqueFd pidfd;
  sys::UniqueFd control;
  sys::UniqueFd upper;
  sys::UniqueFd mounts;  // mount namespace
  sys::UniqueFd streams[3];
  std::unique_ptr<PlannedRoom> planned;
  LaunchMarks marks;
};

// Who hears of it, on the watcher thread.
class RoomSink {
 public:
  virtual ~RoomSink() = default;
  virtual void Launched(std::unique_ptr<LaunchedRoom> room) = 0;
  virtual void LaunchFailed(uint32_t number, const sys::Fault& fault) = 0;
  // A room that exists, but whose descriptors did not arrive (Node's table is full): all of it must go.
  virtual void LaunchLost(uint32_t number, long pid, const plan::Cgroup& cgroup, const sys::Fault& fault) = 0;
};

// Makes one room: the whole sequence, from a plan to a room-init that was told what to run.
class RoomJob : public Job {
 public:
  RoomJob(uint32_t number, std::unique_ptr<PlannedRoom> planned, RoomSink& sink);

  JobFds Attachments() const override;
  void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) override;
  void Finish(const JobFds& received) override;

 private:
  struct Parts;
  bool Make(Workshop& workshop, const Stacks& stacks, const JobFds& received, Parts& parts);
  bool Prepare(Workshop& workshop, const Stacks& stacks, const JobFds& received, Parts& parts);
  bool Begin(const Workshop& workshop, Parts& parts);
  size_t CountStreams() const;
  size_t CountDropzones() const;

  uint32_t number_;
  std::unique_ptr<PlannedRoom> planned_;
  RoomSink& sink_;
  LaunchMarks marks_;
  sys::Fault fault_;
  bool launched_ = false;
  bool gone_ = false;  // room-init had ended before it was asked anything
  long pid_ = -1;
  bool has_stream_[3] = {};
  // Duplicates of the program's descriptors, streams before dropzones: it may close or reuse its own while this job
  // waits. In Node's table, like this object itself; never touched by a launcher thread.
  std::vector<sys::UniqueFd> attachments_;
  int attachment_error_ = EBADF;  // why one is missing
};

}  // namespace rooms::launch
