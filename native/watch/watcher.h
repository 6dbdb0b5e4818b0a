#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "launch/launchers.h"
#include "launch/room_job.h"
#include "sys/thread.h"
#include "watch/event.h"
#include "watch/janitor.h"

namespace rooms::watch {

// Follows every room of an Anchor from its launch to its removal, on one thread; other threads ask through its methods.
class Watcher : public launch::RoomSink {
 public:
  Watcher();
  ~Watcher() override;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  bool Start(const launch::AnchorPlan& plan, Post post, sys::Fault& fault);

  // Numbers a room before its launch is submitted.
  uint32_t Launch(std::unique_ptr<launch::PlannedRoom> planned);
  void Submit(std::unique_ptr<launch::Job> job, launch::Launchers::Lane lane = launch::Launchers::Lane::kSpawns);

  void Kill(uint32_t room, Killed why);
  void SetDeadline(uint32_t room, int64_t milliseconds);  // from now; -1: none
  bool Signal(uint32_t room, uint32_t process, int signal, sys::Fault& fault);

  // Gives a room that waits its command, and the time it may take; fills the host's ends of its streams.
  bool RunCommand(uint32_t room, const plan::Process& plan, int64_t lifetime_ms, int (&streams)[3], sys::Fault& fault);
  // Starts one more process; fills the host's ends of its streams and its number.
  bool Exec(uint32_t room, const plan::Process& plan, uint32_t& process, int (&streams)[3], sys::Fault& fault);

  // Reads what room-init has said and the watcher's thread has not come to yet.
  void Look(uint32_t room);

  // A descriptor of the room's root directory, the caller's; -1 with a fault when the room has ended.
  int OpenRoot(uint32_t room, sys::Fault& fault);
  // Absolute path of the room's cgroup; empty when it has none or has ended.
  std::string Cgroup(uint32_t room);

  // Ends every room, waits until all of it is gone, ends the threads. Idempotent; not for the watcher's own thread.
  void Close();

 private:
  struct Room;

  void Launched(std::unique_ptr<launch::LaunchedRoom> room) override;
  void LaunchFailed(uint32_t number, const sys::Fault& fault) override;
  void LaunchLost(uint32_t number, long pid, const plan::Cgroup& cgroup, const sys::Fault& fault) override;

  void Run();
  void Wake();
  void FinishJobs();
  enum class Heard { kMore, kAll, kUnable };
  bool ReadControl(Room& room);  // false when it could not be read to its end for now
  Heard ReadRecordLocked(Room& room);
  void ReadChanges();
  void EndRoom(uint32_t number);
  int EnforceDeadlines();
  void KillLocked(Room& room, Killed why);
  void WatchFiles(Room& room);
  bool StartProcess(Room& room, uint32_t process, const plan::Process& plan, int (&streams)[3], sys::Fault& fault);
  void SetDeadlineLocked(Room& room, int64_t deadline);
  void Emit(Event event);
  Room* Find(uint32_t number);
  static std::string LeafOf(const plan::Cgroup& cgroup);

  launch::Launchers launchers_;
  Janitor janitor_;
  Post post_;
  sys::UniqueFd epoll_, wake_, inotify_, devices_;
  sys::Thread thread_;

  std::mutex mutex_;
  std::condition_variable quiet_;
  std::unordered_map<uint32_t, std::unique_ptr<Room>> rooms_;
  std::map<uint32_t, Killed> pending_;  // launches under way, and whether they were killed meanwhile
  std::set<std::pair<int64_t, uint32_t>> deadlines_;
  std::unordered_map<int, std::pair<uint32_t, std::string>> watches_;
  uint32_t next_room_ = 1;
  unsigned jobs_ = 0;      // submitted and not finished
  unsigned removals_ = 0;  // ended and not removed
  bool stopping_ = false;
};

}  // namespace rooms::watch
