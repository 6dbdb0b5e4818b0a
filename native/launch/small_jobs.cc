#include "launch/small_jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/blank.h"
#include "launch/idmap.h"
#include "launch/sources.h"
#include "sys/mount_api.h"
#include "sys/open_in_root.h"

namespace rooms::launch {

namespace {

// Of opening a file: there is none, or something that is no file.
bool IsAbsence(int error) {
  constexpr int kAbsent[] = {ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, EACCES, ENXIO, ENODEV};
  for (int absent : kAbsent)
    if (error == absent) return true;
  return false;
}

}  // namespace

OpenPlankJob::OpenPlankJob(std::unique_ptr<PlannedRoom> lower, Answered answered)
    : planned_(std::move(lower)), answered_(std::move(answered)) {}

void OpenPlankJob::Run(Workshop& workshop, const Stacks& stacks, const JobFds&, JobFds&) {
  std::shared_ptr<const Plank> plank =
      workshop.planks.Get(workshop, stacks.child, planned_->room.root.lower, answer_.fault);
  if (plank) answer_.yes = plank->idmap;
}

void OpenPlankJob::Finish(const JobFds&) { answered_(std::move(answer_)); }

ReadPlankFileJob::ReadPlankFileJob(std::unique_ptr<PlannedRoom> lower, std::string path, size_t limit,
                                   Answered answered)
    : planned_(std::move(lower)), path_(std::move(path)), limit_(limit), answered_(std::move(answered)) {}

void ReadPlankFileJob::Run(Workshop& workshop, const Stacks& stacks, const JobFds&, JobFds&) {
  std::shared_ptr<const Plank> plank =
      workshop.planks.Get(workshop, stacks.child, planned_->room.root.lower, answer_.fault);
  if (!plank) return;
  // The plank is data, not a place: its links stay inside it and its devices are not opened.
  int opened = sys::OpenInRoot(plank->mount.get(), path_.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0,
                               RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
  struct stat info;
  if (opened < 0) {
    if (!IsAbsence(-opened)) sys::Fail(answer_.fault, "plank.read", "openat2", opened, path_);
    return;
  }
  sys::UniqueFd file(opened);
  if (fstat(file.get(), &info) < 0) {
    sys::Fail(answer_.fault, "plank.read", "fstat", errno, path_);
    return;
  }
  if (!S_ISREG(info.st_mode)) return;
  answer_.found = true;
  answer_.bytes.resize(limit_);
  size_t size = 0;
  for (ssize_t count; size < limit_ && (count = read(file.get(), answer_.bytes.data() + size, limit_ - size)) != 0;) {
    if (count < 0) {
      sys::Fail(answer_.fault, "plank.read", "read", errno, path_);
      return;
    }
    size += static_cast<size_t>(count);
  }
  answer_.bytes.resize(size);
}

void ReadPlankFileJob::Finish(const JobFds&) { answered_(std::move(answer_)); }

ReleasePlanksJob::ReleasePlanksJob(int64_t idle_ms, Answered answered)
    : idle_ms_(idle_ms), answered_(std::move(answered)) {}

void ReleasePlanksJob::Run(Workshop& workshop, const Stacks&, const JobFds&, JobFds&) {
  answer_.milliseconds = workshop.planks.Release(idle_ms_);
  answer_.found = answer_.milliseconds >= 0;
}

void ReleasePlanksJob::Finish(const JobFds&) { answered_(std::move(answer_)); }

PrepareJob::PrepareJob(std::unique_ptr<PlannedRoom> planned, Answered answered)
    : planned_(std::move(planned)), answered_(std::move(answered)) {}

void PrepareJob::Run(Workshop& workshop, const Stacks& stacks, const JobFds&, JobFds&) {
  const plan::Blank& plan = planned_->room.blank;
  std::unique_ptr<Blank> blank = Blank::Make(workshop, stacks, plan, answer_.fault);
  // Half of the table is for rooms that somebody asked for.
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (blank && static_cast<rlim_t>(blank->control.get()) > files.rlim_cur / 2) {
    sys::Fail(answer_.fault, "control", "socketpair", EMFILE);
    return;
  }
  if (blank && blank->Greet(plan, workshop.closing, answer_.fault)) workshop.blanks.Put(plan.id, std::move(blank));
}

void PrepareJob::Finish(const JobFds&) { answered_(std::move(answer_)); }

ProbeIdmapJob::ProbeIdmapJob(std::string path, Answered answered)
    : path_(std::move(path)), answered_(std::move(answered)) {}

void ProbeIdmapJob::Run(Workshop& workshop, const Stacks& stacks, const JobFds&, JobFds&) {
  plan::Mount mount{};
  mount.source = path_.c_str();
  struct stat info;
  int opened = OpenHost(workshop, mount.source, O_PATH);
  if (opened < 0) {
    sys::Fail(answer_.fault, "mount.bind", "openat2", opened, path_);
    return;
  }
  if (fstat(sys::UniqueFd(opened).get(), &info) < 0) {
    sys::Fail(answer_.fault, "mount.bind", "fstat", errno, path_);
    return;
  }
  mount.is_file = S_ISREG(info.st_mode);
  sys::UniqueFd tree = CloneHostTree(workshop, mount, answer_.fault);
  if (tree) TryIdmap(workshop, stacks.child, tree.get(), answer_.yes, answer_.fault);
}

void ProbeIdmapJob::Finish(const JobFds&) { answered_(std::move(answer_)); }

}  // namespace rooms::launch
