#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "init/protocol.h"
#include "sys/clone.h"
#include "sys/raw.h"

namespace fuzz {

Kernel kernel;

namespace {

constexpr long kErrors[16] = {EPERM,  ENOENT, EINTR,  EAGAIN, ENOMEM,  EACCES,       EBUSY,  EEXIST,
                              EINVAL, EMFILE, ENOSPC, ELOOP,  ENOTDIR, ENAMETOOLONG, ENOSYS, EPIPE};

[[noreturn]] void Wrong(const char* what, long value) {
  fprintf(stderr, "room-init asked for what it must not: %s %ld\n", what, value);
  abort();
}

volatile unsigned char read_so_far;

// What the kernel would copy. The sanitizer sees every byte.
void Touch(const void* at, size_t size) {
  for (size_t i = 0; i < size; ++i) read_so_far = static_cast<const unsigned char*>(at)[i];
}

size_t TouchText(long address) {
  const char* text = reinterpret_cast<const char*>(address);
  size_t size = 0;
  while (text[size]) ++size;
  return size;
}

void TouchTexts(long address) {
  for (char* const* text = reinterpret_cast<char* const*>(address); *text; ++text)
    TouchText(reinterpret_cast<long>(*text));
}

template <typename T>
T* At(long address) {
  return reinterpret_cast<T*>(address);
}

}  // namespace

void Kernel::Begin(const uint8_t* data, size_t size) {
  answers_ = messages_ = data;
  answers_left_ = messages_left_ = 0;
  fds_.clear();
  next_fd_ = 3;
  next_pid_ = next_wait_ = 2;
  signals_ = 0;
  signalled_ = in_child_ = false;
  if (size < 2) return;
  size_t count = data[0] | data[1] << 8;
  if (count > size - 2) count = size - 2;
  answers_ = data + 2;
  answers_left_ = count;
  messages_ = answers_ + count;
  messages_left_ = size - 2 - count;
}

long Kernel::Result(long success) {
  if (answers_left_ == 0) return success;
  uint8_t answer = *answers_++;
  --answers_left_;
  return answer < 240 ? success : -kErrors[answer - 240];
}

long Kernel::NewFd() {
  long fd = Result();
  if (fd < 0) return fd;
  fds_.insert(next_fd_);
  return next_fd_++;
}

// -1 is what a step that failed leaves behind, and the kernel would say so.
void Kernel::CheckFd(long fd) {
  if (fd == -1 || fd == AT_FDCWD || (fd >= 0 && fd < 3)) return;
  if (fds_.count(fd) == 0) Wrong("a descriptor that nobody gave it,", fd);
}

bool Kernel::Next(Message& message) {
  if (messages_left_ < 3) return false;
  message.flags = messages_[0];
  message.size = messages_[1] | messages_[2] << 8;
  message.bytes = messages_ + 3;
  if (message.size > messages_left_ - 3) message.size = messages_left_ - 3;
  messages_ += 3 + message.size;
  messages_left_ -= 3 + message.size;
  signalled_ = false;
  return true;
}

long Kernel::Poll(void* where, long count) {
  pollfd* watched = static_cast<pollfd*>(where);
  watched[0].revents = POLLIN;
  if (count == 1) return 1;
  watched[1].revents = 0;
  if (!signalled_ && messages_left_ > 0 && messages_[0] & 128) {
    signalled_ = true;
    signals_ = 2;
    watched[1].revents = POLLIN;
  }
  return 1;
}

long Kernel::Receive(void* where) {
  msghdr* header = static_cast<msghdr*>(where);
  char* buffer = static_cast<char*>(header->msg_iov->iov_base);
  size_t room = header->msg_iov->iov_len;
  ASAN_UNPOISON_MEMORY_REGION(buffer, room);
  Message message;
  if (!Next(message)) return 0;
  size_t size = message.size < room ? message.size : room;
  memcpy(buffer, message.bytes, size);
  // What was not sent must not be read, though the buffer goes on.
  ASAN_POISON_MEMORY_REGION(buffer + size, room - size);
  if (size < sizeof(rooms::init::Request)) ASAN_UNPOISON_MEMORY_REGION(buffer, room);
  header->msg_flags = message.flags & 64 ? MSG_CTRUNC : 0;
  size_t count = message.flags & 63;
  cmsghdr* rights = CMSG_FIRSTHDR(header);
  header->msg_controllen = count > 0 ? CMSG_SPACE(count * sizeof(int)) : 0;
  if (count == 0) return static_cast<long>(size);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(count * sizeof(int));
  for (size_t i = 0; i < count; ++i) {
    int fd = static_cast<int>(next_fd_++);
    fds_.insert(fd);
    memcpy(CMSG_DATA(rights) + i * sizeof fd, &fd, sizeof fd);
  }
  return static_cast<long>(size);
}

long Kernel::Map(long size, long fd) {
  constexpr long kMost = 1 << 20;
  if (long result = Result(); result < 0) return result;
  if (size <= 0) return -EINVAL;
  if (size > kMost) return -ENOMEM;
  char* memory = static_cast<char*>(calloc(1, static_cast<size_t>(size)));
  Message content;
  if (fd >= 0 && Next(content))
    memcpy(memory, content.bytes, content.size < static_cast<size_t>(size) ? content.size : static_cast<size_t>(size));
  return reinterpret_cast<long>(memory);
}

long Kernel::Wait(void* status) {
  // A child that has ended, one that stopped, or none.
  long how = answers_left_ > 0 ? *answers_ % 8 : 0;
  if (next_wait_ >= next_pid_ || how > 5) return 0;
  constexpr int kStatus[] = {0, 3 << 8, SIGKILL, SIGSEGV | 0x80, 0x137f, 0xffff};
  *static_cast<int*>(status) = kStatus[how];
  if (answers_left_ > 0) ++answers_, --answers_left_;
  return next_wait_++;
}

long Kernel::Vfork(int (*entry)(void*), void* argument) {
  if (!may_run()) Wrong("to start a program before the room was put together", 0);
  long pid = Result(next_pid_);
  if (pid < 0) return pid;
  ++next_pid_;
  ++started;
  std::set<long> table = fds_;  // no CLONE_FILES
  in_child_ = true;
  if (setjmp(executed_) == 0) entry(argument);
  in_child_ = false;
  fds_ = std::move(table);
  return pid;
}

long Kernel::Call(long number, const long (&a)[6]) {
  switch (number) {
    case __NR_exit_group:
      longjmp(end, 1);
    case __NR_poll:
      return Poll(At<void>(a[0]), a[1]);
    case __NR_recvmsg:
      return Receive(At<void>(a[1]));
    case __NR_read:
      if (signals_ == 0) return -EAGAIN;
      memset(At<void>(a[1]), 0, sizeof(signalfd_siginfo));
      At<signalfd_siginfo>(a[1])->ssi_signo = --signals_ ? SIGHUP : SIGCHLD;
      return sizeof(signalfd_siginfo);
    case __NR_wait4:
      memset(At<void>(a[3]), 0, sizeof(rusage));
      return Wait(At<void>(a[1]));
    case __NR_sendto:
      Touch(At<void>(a[1]), static_cast<size_t>(a[2]));
      return Result(a[2]);
    case __NR_mmap:
      return Map(a[1], a[4]);
    case __NR_munmap:
      free(At<void>(a[0]));
      return 0;
    case __NR_close:
      if (fds_.erase(a[0]) == 0) Wrong("to close what it does not have,", a[0]);
      return 0;
    case __NR_close_range:
      fds_.erase(fds_.lower_bound(a[0]), fds_.end());
      return Result();
    case __NR_fcntl:
      CheckFd(a[0]);
      return NewFd();
    case __NR_fsopen:
      TouchText(a[0]);
      return NewFd();
    case __NR_fsconfig:
      CheckFd(a[0]);
      if (a[2]) TouchText(a[2]);
      if (a[3]) TouchText(a[3]);
      return Result();
    case __NR_fsmount:
      CheckFd(a[0]);
      return NewFd();
    case __NR_fspick:
    case __NR_open_tree:
    case __NR_openat:
    case __NR_openat2:
      CheckFd(a[0]);
      if (TouchText(a[1]) >= 4096 && number == __NR_openat2) return -ENAMETOOLONG;
      return NewFd();
    case __NR_pipe2: {
      int* ends = At<int>(a[0]);
      for (int i = 0; i < 2; ++i) fds_.insert(ends[i] = static_cast<int>(next_fd_++));
      return Result();
    }
    case __NR_socket:
    case __NR_signalfd4:
      return NewFd();
    case __NR_move_mount:
      CheckFd(a[0]);
      CheckFd(a[2]);
      TouchText(a[1]);
      TouchText(a[3]);
      return Result();
    case __NR_dup3:
    case __NR_fchdir:
    case __NR_setns:
    case __NR_ioctl:
    case __NR_mount_setattr:
      CheckFd(a[0]);
      return Result();
    case __NR_getsockopt:
      *At<int>(a[3]) = SOCK_SEQPACKET;
      return Result();
    case __NR_fstat:
      // Every descriptor is on a file system of its own.
      CheckFd(a[0]);
      memset(At<void>(a[1]), 0, sizeof(struct stat));
      At<struct stat>(a[1])->st_dev = static_cast<dev_t>(a[0]);
      return Result();
    case __NR_fstatfs:
      CheckFd(a[0]);
      memset(At<void>(a[1]), 0, sizeof(struct statfs));
      return Result();
    case __NR_write:
      CheckFd(a[0]);
      Touch(At<void>(a[1]), static_cast<size_t>(a[2]));
      return Result(a[2]);
    case __NR_mkdirat:
    case __NR_mknodat:
    case __NR_fchownat:
      CheckFd(a[0]);
      TouchText(a[1]);
      return Result();
    case __NR_chdir:
    case __NR_chroot:
      TouchText(a[0]);
      return Result();
    case __NR_sethostname:
      Touch(At<void>(a[0]), static_cast<size_t>(a[1]));
      return Result();
    case __NR_setgroups:
      Touch(At<void>(a[1]), static_cast<size_t>(a[0]) * sizeof(uint32_t));
      return Result();
    case __NR_prlimit64:
      if (a[2]) Touch(At<void>(a[2]), 16);
      if (a[3]) memset(At<void>(a[3]), 0, 16);
      return Result();
    case __NR_seccomp: {
      const sock_fprog* program = At<sock_fprog>(a[2]);
      if (program->len == 0 || program->len > BPF_MAXINSNS) Wrong("to install a filter of length", program->len);
      Touch(program->filter, program->len * sizeof(sock_filter));
      return Result();
    }
    case __NR_kill:
      if (a[0] <= 1) Wrong("to signal everybody,", a[0]);
      return Result();
    case __NR_clock_gettime:
      memset(At<void>(a[1]), 0, sizeof(timespec));
      return 0;
    case __NR_execve: {
      if (!in_child_) Wrong("to execute something itself", 0);
      TouchText(a[0]);
      TouchTexts(a[1]);
      TouchTexts(a[2]);
      long result = Result();
      if (result == 0) longjmp(executed_, 1);
      return result;
    }
    default:
      return Result();
  }
}

}  // namespace fuzz

namespace rooms::sys {

long Raw(long number, long a, long b, long c, long d, long e, long f) {
  return fuzz::kernel.Call(number, {a, b, c, d, e, f});
}

long VforkCall(unsigned long, void*, int (*entry)(void*), void* argument) {
  return fuzz::kernel.Vfork(entry, argument);
}

}  // namespace rooms::sys
