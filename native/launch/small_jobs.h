#pragma once

#include <functional>
#include <string>

#include "launch/job.h"
#include "launch/room_job.h"

namespace rooms::launch {

// What a small job comes back with.
struct Answer {
  sys::Fault fault;  // error 0: none
  bool yes = false;
  bool found = false;
  int64_t milliseconds = 0;
  std::string bytes;
};

using Answered = std::function<void(Answer)>;

// Mounts a plank ahead of its first room; `yes`: it takes idmapped mounts.
class OpenPlankJob : public Job {
 public:
  OpenPlankJob(std::unique_ptr<PlannedRoom> lower, Answered answered);
  void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) override;
  void Finish(const JobFds& received) override;

 private:
  std::unique_ptr<PlannedRoom> planned_;  // only its lower layer is filled
  Answered answered_;
  Answer answer_;
};

// Reads a regular file of a plank; `found` says whether it is there.
class ReadPlankFileJob : public Job {
 public:
  ReadPlankFileJob(std::unique_ptr<PlannedRoom> lower, std::string path, size_t limit, Answered answered);
  void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) override;
  void Finish(const JobFds& received) override;

 private:
  std::unique_ptr<PlannedRoom> planned_;
  std::string path_;
  size_t limit_;
  Answered answered_;
  Answer answer_;
};

// Lets go of planks that nobody has used for so long; `found`: some are left, the next of which is due in
// `milliseconds`.
class ReleasePlanksJob : public Job {
 public:
  ReleasePlanksJob(int64_t idle_ms, Answered answered);
  void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) override;
  void Finish(const JobFds& received) override;

 private:
  int64_t idle_ms_;
  Answered answered_;
  Answer answer_;
};

// Makes a blank room ahead, which a RoomJob with the same id takes.
class PrepareJob : public Job {
 public:
  PrepareJob(std::unique_ptr<PlannedRoom> planned, Answered answered);
  void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) override;
  void Finish(const JobFds& received) override;

 private:
  std::unique_ptr<PlannedRoom> planned_;  // only its blank is filled
  Answered answered_;
  Answer answer_;
};

// Whether the file system of a host path takes idmapped mounts: `yes`.
class ProbeIdmapJob : public Job {
 public:
  ProbeIdmapJob(std::string path, Answered answered);
  void Run(Workshop& workshop, const Stacks& stacks, const JobFds& received, JobFds& reply) override;
  void Finish(const JobFds& received) override;

 private:
  std::string path_;
  Answered answered_;
  Answer answer_;
};

}  // namespace rooms::launch
