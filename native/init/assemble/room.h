#pragma once

#include "init/protocol.h"
#include "init/request.h"
#include "plan/plan.h"

namespace rooms::init {

// A tree that the kernel provides, waiting in the upper tmpfs.
struct Tree {
  plan::MountKind kind;
  const char* name;
  int mount;  // its index among the mounts
};

// The room that is being put together. What goes wrong is in `failure`, and then the room ends.
struct Room {
  bool furnished = false;
  bool assembled = false;
  bool waits = false;  // assembled, and no command was asked for yet
  bool forks_ahead = false;
  int upper = -1;  // tmpfs with the directories l, u, w, d, dev, proc, sys and the file f
  int user_namespace = -1;
  uint32_t owner_uid = 0;
  uint32_t owner_gid = 0;
  int kernel_mounts = 0;  // mounts are counted through: these come first
  Tree trees[3] = {
      {plan::MountKind::kDev, "dev", -1}, {plan::MountKind::kProc, "proc", -1}, {plan::MountKind::kSysfs, "sys", -1}};
  unsigned carried_count = 0;
  unsigned long kernel_devices[2] = {};  // where declared mounts may not lie
  Failure failure{};
  int64_t marks[kMarks] = {};
};

// What this folder does is done before the filter is in force, with more rights than the room has; what is beside it
// comes after.

// First of all: what every room-init has. False without a failure when there is nobody to tell.
bool Begin(Room& room);

// While nobody knows what the room is for: loopback interface, the trees /dev, /proc and /sys with all that lies on
// them, at a place where nobody looks.
bool Furnish(Room& room, const Received& received);

// Keeps the descriptors of a kCarry request.
bool Carry(Room& room, const Received& received);

// All the rest, up to the point where this process has the rights of the room and no more.
bool Assemble(Room& room, const Received& received);

// The parts of it, in order.
// `layer` lies above `lower`; -1: there is none.
bool MakeRoot(Room& room, int lower, int layer, int* root);
bool AttachMount(Room& room, int root, const Mount& mount, const char* target, int source, int index);
bool MoveKernelTrees(Room& room, int root);
bool EnterRoot(Room& room, int root, bool read_only);
bool BecomeRoomRoot(Room& room);
bool DropPrivileges(Room& room, uint64_t capabilities);

}  // namespace rooms::init
