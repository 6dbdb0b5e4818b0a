// Two Anchors without Node: rooms are launched, entered, signalled, given deadlines and killed by several
// threads at once, with blank rooms from the reserve and without, and the Anchors close while rooms begin. It is made
// for ThreadSanitizer (scripts/tsan-tests.sh), and looks that every room is heard of to its end.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "init_path.h"
#include "launch/small_jobs.h"
#include "watch/watcher.h"

using namespace rooms;

namespace {

constexpr int kCallers = 3;
constexpr int kRoomsOfEach = 25;

template <typename T>
plan::Span<T> Copy(plan::Arena& arena, const std::vector<T>& items) {
  T* copy = arena.Array<T>(items.size());
  for (size_t i = 0; i < items.size(); ++i) copy[i] = items[i];
  return {copy, items.size()};
}

// A tree with the host's /usr in it.
void SetPlank(plan::Arena& arena, plan::Room& room) {
  using plan::EntryKind;
  std::vector<plan::SkeletonEntry> entries;
  for (const char* name : {"dev", "proc", "sys", "tmp", "usr"})
    entries.push_back({EntryKind::kDirectory, 0755, name, ""});
  for (const char* name : {"bin", "lib", "lib64"})
    entries.push_back({EntryKind::kLink, 0, name, arena.Copy(std::string("usr/") + name)});
  room.root.lower.kind = plan::LowerKind::kSkeleton;
  room.root.lower.key = "stress";
  room.root.lower.entries = Copy(arena, entries);
  plan::Mount usr{};
  usr.kind = plan::MountKind::kBind;
  usr.source = usr.target = "/usr";
  usr.attributes = 1;
  room.mounts = Copy<plan::Mount>(arena, {usr});
}

void SetBlank(plan::Arena& arena, plan::Blank& blank, unsigned number) {
  blank.id = arena.Copy("stress-" + std::to_string(number));
  blank.identity = {true, 0x10000000 + number * 0x10000, 0x10000};
  std::vector<plan::Mount> mounts(4);
  constexpr plan::MountKind kKinds[] = {plan::MountKind::kDev, plan::MountKind::kDevpts, plan::MountKind::kProc,
                                        plan::MountKind::kSysfs};
  constexpr const char* kTargets[] = {"/dev", "/dev/pts", "/proc", "/sys"};
  for (size_t i = 0; i < mounts.size(); ++i) {
    mounts[i].kind = kKinds[i];
    mounts[i].target = kTargets[i];
    mounts[i].gid = blank.identity.base + 5;
  }
  blank.mounts = Copy(arena, mounts);
  blank.upper_bytes = 1 << 20;
  blank.upper_inodes = 1000;
}

void SetProcess(plan::Arena& arena, plan::Process& process, std::vector<plan::Text> argv, bool pty) {
  process.argv = Copy(arena, argv);
  process.search_path = Copy<plan::Text>(arena, {"/usr/bin", "/bin"});
  process.cwd = "/";
  process.stdio.pty = pty;
  process.stdio.columns = 80;
  process.stdio.rows = 24;
}

// What became of the rooms of one Anchor, as its events tell it.
class Fates {
 public:
  void Hear(watch::Event event) {
    for (int fd : event.streams)
      if (fd >= 0) close(fd);
    std::lock_guard lock(mutex_);
    if (event.type == watch::EventType::kLaunchFailed) {
      CHECK(event.fault.error != 0);
      fprintf(stderr, "room %u: %s %s %d\n", event.room, event.fault.step.c_str(), event.fault.syscall.c_str(),
              event.fault.error);
      ++failed_;
    }
    if (event.type == watch::EventType::kStarted) ++started_;
    if (event.type == watch::EventType::kEnded) ++ended_;
    if (event.type == watch::EventType::kRemoved) ++removed_;
    bool decided = event.type != watch::EventType::kLaunched && event.process == 0;
    if (decided) decided_.insert(event.room);
    changed_.notify_all();
  }

  // Or until it is clear that the room will not start.
  void AwaitStart(uint32_t room) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return decided_.count(room) > 0; });
  }

  void CheckAll(unsigned launched) {
    std::lock_guard lock(mutex_);
    CHECK(failed_ == 0);
    CHECK(ended_ == launched && removed_ == launched);
    CHECK(started_ > 0);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<uint32_t> decided_;
  unsigned started_ = 0, failed_ = 0, ended_ = 0, removed_ = 0;
};

class Stress {
 public:
  void Start(unsigned first_number) {
    next_number_ = first_number;
    launch::AnchorPlan plan;
    plan.init = InitPath();
    plan.launchers = 3;
    sys::Fault fault;
    bool started = watcher_.Start(
        plan, [this](watch::Event event) { fates_.Hear(std::move(event)); }, fault);
    ExpectNoFault(fault);
    CHECK(started);
  }

  void Call(unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kRoomsOfEach; ++i) {
      bool prepared = random() % 3 == 0;
      uint32_t room = Launch(prepared, random() % 4 == 0, random() % 5 == 0);
      if (random() % 6 == 0) watcher_.Kill(room, watch::Killed::kRequest);
      if (random() % 3) fates_.AwaitStart(room);
      for (unsigned steps = random() % 5; steps > 0; --steps)
        Disturb(random() % 2 ? room : 1 + random() % room, random());
      if (random() % 3) watcher_.Kill(room, watch::Killed::kRequest);
    }
  }

  // Its rooms may still be on their way.
  void Finish() {
    for (int i = 0; i < 5; ++i) Launch(false, false, false);
    watcher_.Close();
    fates_.CheckAll(launched_);
  }

 private:
  uint32_t Launch(bool prepared, bool brief, bool pty) {
    unsigned number = next_number_++;
    if (prepared) {
      auto blank = std::make_unique<launch::PlannedRoom>();
      SetBlank(blank->arena, blank->room.blank, number);
      watcher_.Submit(std::make_unique<launch::PrepareJob>(std::move(blank), [](launch::Answer) {}),
                      launch::Launchers::Lane::kPreparations);
    }
    auto planned = std::make_unique<launch::PlannedRoom>();
    plan::Room& room = planned->room;
    SetBlank(planned->arena, room.blank, number);
    room.prepared = prepared;
    room.hostname = "stress";
    SetPlank(planned->arena, room);
    room.root.upper_bytes = room.blank.upper_bytes;
    room.root.upper_inodes = room.blank.upper_inodes;
    room.lifetime_ms = number % 7 == 0 ? 1 : -1;
    room.waits = number % 4 == 0;
    if (room.waits) {
      room.lifetime_ms = -1;
      return ++launched_, watcher_.Launch(std::move(planned));
    }
    SetProcess(planned->arena, room.process, {brief ? "true" : "cat"}, pty);
    if (!brief && !pty) room.process.stdio.streams[0].kind = plan::StreamKind::kPipe;
    ++launched_;
    return watcher_.Launch(std::move(planned));
  }

  void Disturb(uint32_t room, unsigned how) {
    sys::Fault fault;
    switch (how % 6) {
      case 0:
        watcher_.Signal(room, 0, SIGTERM, fault);
        break;
      case 1:
        watcher_.SetDeadline(room, how % 3 ? 5 : -1);
        break;
      case 2:
        if (int root = watcher_.OpenRoot(room, fault); root >= 0) close(root);
        break;
      case 3:
        CHECK(watcher_.Cgroup(room).empty());
        break;
      default: {
        plan::Arena arena;
        plan::Process process{};
        SetProcess(arena, process, {how % 5 ? "true" : "no-such-program"}, how % 7 == 0);
        uint32_t number = 0;
        int streams[3] = {-1, -1, -1};
        // Whoever comes first gives a room that waits its command.
        if (!watcher_.RunCommand(room, process, how % 3 ? 1000 : -1, streams, fault) &&
            !watcher_.Exec(room, process, number, streams, fault))
          break;
        for (int fd : streams)
          if (fd >= 0) close(fd);
      }
    }
  }

  Fates fates_;
  watch::Watcher watcher_;
  std::atomic<unsigned> next_number_{0};
  std::atomic<unsigned> launched_{0};
};

}  // namespace

int main() {
  if (geteuid() != 0) return 77;
  ReadSymbols();
  Stress anchors[2];
  for (unsigned i = 0; i < 2; ++i) anchors[i].Start(1 + i * 1000);
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < 2 * kCallers; ++i) callers.emplace_back([&anchors, i] { anchors[i % 2].Call(i); });
  for (std::thread& caller : callers) caller.join();
  std::thread other([&anchors] { anchors[1].Finish(); });
  anchors[0].Finish();
  other.join();
  return 0;
}
