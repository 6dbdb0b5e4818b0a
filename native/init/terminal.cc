#include "init/terminal.h"

#include <fcntl.h>
#include <signal.h>

#include "sys/raw.h"

namespace rooms::init {

using sys::Raw;

namespace {

// ioctl_tty(2)
constexpr int kTiocsctty = 0x540E;
constexpr int kTiocnotty = 0x5422;

}  // namespace

bool Terminal::Lead(int fd) {
  long own = Raw(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 3);
  if (own < 0) return false;
  Raw(__NR_setsid);
  if (Raw(__NR_ioctl, own, kTiocsctty, 0) < 0) {
    Raw(__NR_close, own);
    return false;
  }
  fd_ = static_cast<int>(own);
  return true;
}

void Terminal::HangUp(long process) {
  if (fd_ < 0 || process <= 0) return;
  Raw(__NR_kill, process, SIGHUP);
  Raw(__NR_kill, process, SIGCONT);
}

void Terminal::Leave() {
  if (fd_ >= 0) Raw(__NR_ioctl, fd_, kTiocnotty, 0);
}

}  // namespace rooms::init
