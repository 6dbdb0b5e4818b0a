#pragma once

#include <stdint.h>

#include <atomic>
#include <string>

#include "launch/blanks.h"
#include "launch/planks.h"
#include "plan/plan.h"
#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::launch {

// What an Anchor was opened with: types/plan.d.ts AnchorPlan.
struct AnchorPlan {
  std::string init;
  uint32_t launchers = 1;
  std::string cgroup;       // empty: none
  std::string controllers;  // "+memory +pids", or empty
};

// What all launcher threads of one Anchor share: descriptors of the host, taken before they left its mount namespace,
// and templates that rooms get clones of. All of it lives in the launchers' own descriptor table and mount namespace.
struct Workshop {
  explicit Workshop(const std::atomic<bool>& anchor_closing) : closing(anchor_closing) {}

  sys::UniqueFd host_root;        // "/" of the host
  sys::UniqueFd proc;             // the host's /proc
  sys::UniqueFd host_mounts;      // mount namespace of the host
  sys::UniqueFd launcher_mounts;  // the launchers' own, one empty read-only tmpfs
  sys::UniqueFd init;             // room-init, sealed
  sys::UniqueFd cgroup;
  std::string cgroup_path;
  bool clones_detached = false;      // open_tree can clone a mount that is attached nowhere (Linux 6.15)
  bool lift_oom_score = false;       // the embedding process is exempt from the out-of-memory killer; rooms are not
  int nice = 0;                      // of the embedding process
  const std::atomic<bool>& closing;  // nobody wants what is not finished yet
  Planks planks;
  Blanks blanks;
};

// Where templates lie in the launchers' own root, each in a directory of its own: what lies on top of another mount
// goes with it. Not on "/" itself: whoever has mounts above its root counts as chrooted, and may make no user
// namespace.
constexpr const char* kTemplatePlace = "/t";

// Makes `mount` a template: attached where the kernel can only clone what is attached.
bool KeepTemplate(const Workshop& workshop, int mount, sys::Fault& fault);

// Undoes that, for what was attached; before `mount` is closed.
void DropTemplate(int mount);

// A path of the host as a descriptor; absolute paths would otherwise start at the launcher's empty root.
int OpenHost(const Workshop& workshop, const char* path, uint64_t flags, uint64_t resolve = 0);

}  // namespace rooms::launch
