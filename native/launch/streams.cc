#include "launch/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)  // Linux 4.13
#endif

namespace rooms::launch {

namespace {

bool MakePipe(bool to_room, StreamOwner owner, sys::UniqueFd& room, sys::UniqueFd& host, sys::Fault& fault) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return sys::Fail(fault, "stdio", "pipe2", errno);
  room.reset(ends[to_room ? 0 : 1]);
  host.reset(ends[to_room ? 1 : 0]);
  if (fchown(room.get(), owner.uid, owner.gid) < 0) return sys::Fail(fault, "stdio", "fchown", errno);
  return true;
}

// From an open directory, `..` leads up to the root of the host.
bool IsStream(int fd, sys::Fault& fault) {
  struct stat info;
  if (fstat(fd, &info) < 0) return sys::Fail(fault, "stdio", "fstat", errno);
  if (S_ISDIR(info.st_mode)) return sys::Fail(fault, "stdio", "fstat", EISDIR);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return sys::Fail(fault, "stdio", "fcntl", errno);
  return flags & O_PATH ? sys::Fail(fault, "stdio", "fcntl", EBADF) : true;
}

bool OpenTerminal(const plan::Stdio& stdio, int devpts, StreamOwner owner, Streams& streams, sys::Fault& fault) {
  // Not blocking: a terminal that nobody in the room reads would hold a thread of libuv's pool with each write.
  sys::UniqueFd master(openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  if (!master) return sys::Fail(fault, "pty.open", "openat", errno, "ptmx");
  int unlocked = 0;
  if (ioctl(master.get(), TIOCSPTLCK, &unlocked) < 0) return sys::Fail(fault, "pty.open", "ioctl", errno, "TIOCSPTLCK");
  // The peer without its path: whatever lies at /dev/pts/N is not asked.
  sys::UniqueFd peer(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!peer) return sys::Fail(fault, "pty.open", "ioctl", errno, "TIOCGPTPEER");
  winsize size{stdio.rows, stdio.columns, 0, 0};
  if (ioctl(master.get(), TIOCSWINSZ, &size) < 0) return sys::Fail(fault, "pty.open", "ioctl", errno, "TIOCSWINSZ");
  if (fchown(peer.get(), owner.uid, static_cast<gid_t>(-1)) < 0) return sys::Fail(fault, "pty.open", "fchown", errno);
  for (int i = 0; i < 3; ++i) {
    streams.room[i].reset(fcntl(peer.get(), F_DUPFD_CLOEXEC, 0));
    if (!streams.room[i]) return sys::Fail(fault, "pty.open", "fcntl", errno);
  }
  streams.host[0] = std::move(master);
  return true;
}

}  // namespace

bool MakeStreams(const plan::Stdio& stdio, const int* attached, int devices, int devpts, StreamOwner owner,
                 Streams& streams, sys::Fault& fault) {
  if (stdio.pty) return OpenTerminal(stdio, devpts, owner, streams, fault);
  for (int i = 0; i < 3; ++i) {
    switch (stdio.streams[i].kind) {
      case plan::StreamKind::kPipe:
        if (!MakePipe(i == 0, owner, streams.room[i], streams.host[i], fault)) return false;
        break;
      case plan::StreamKind::kNull:
        streams.room[i].reset(openat(devices, "null", O_RDWR | O_CLOEXEC));
        if (!streams.room[i]) return sys::Fail(fault, "stdio", "openat", errno, "/dev/null");
        break;
      case plan::StreamKind::kFd:
        streams.room[i].reset(fcntl(*attached++, F_DUPFD_CLOEXEC, 0));
        if (!streams.room[i]) return sys::Fail(fault, "stdio", "fcntl", errno);
        if (!IsStream(streams.room[i].get(), fault)) return false;
        break;
    }
  }
  return true;
}

}  // namespace rooms::launch
