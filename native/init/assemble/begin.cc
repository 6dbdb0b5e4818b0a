#include <fcntl.h>
#include <linux/prctl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>

#include "init/assemble/room.h"
#include "init/failure.h"
#include "sys/raw.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

namespace {

// What the embedding process ignores stays ignored through clone3 and execve: an ignored SIGCHLD would leave nothing to
// reap, and programs expect SIGPIPE to end them.
void ResetSignals() {
  struct {
    void* handler;
    unsigned long flags;
    void* restorer;
    uint64_t mask;
  } by_default{};
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal)
    Raw(__NR_rt_sigaction, signal, Arg(&by_default), 0, sizeof by_default.mask);
}

// All signals were blocked before exec and stay so; a child's end is read from a descriptor.
bool OpenSignals(Failure& failure) {
  uint64_t heard = 1u << (SIGCHLD - 1) | 1u << (SIGHUP - 1);
  long opened = Raw(__NR_signalfd4, -1, Arg(&heard), sizeof heard, O_CLOEXEC | O_NONBLOCK);
  if (Failed(failure, opened, "exec.init", "signalfd4")) return false;
  if (opened == kSignalsFd) return true;
  bool moved = !Failed(failure, Raw(__NR_dup3, opened, kSignalsFd, O_CLOEXEC), "exec.init", "dup3");
  Raw(__NR_close, opened);
  return moved;
}

}  // namespace

bool Begin(Room& room) {
  // Programs of a room can execute this file too; they have no business with it.
  int type = 0;
  unsigned size = sizeof type;
  if (Raw(__NR_getsockopt, kControlFd, SOL_SOCKET, SO_TYPE, Arg(&type), Arg(&size)) < 0 || type != SOCK_SEQPACKET)
    return false;
  // /proc/1 then belongs to the host's root: nothing in the room can read or trace this process.
  Raw(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  Raw(__NR_prctl, PR_SET_NAME, Arg(kRoomInit));
  ResetSignals();
  return OpenSignals(room.failure);
}

}  // namespace rooms::init
