// The calls that take descriptors, as they are, in place of ThreadSanitizer's.
//
// Its own keep books about descriptors by number, one book for the whole process. Launchers have a descriptor table of
// their own (unshare(2)), in which the same number is another file: what it reports is none then, and it frees entries
// of its book that are in use, which ends in a crash of its own. What orders threads here are atomics and mutexes,
// which it goes on watching (launch::Job::PassOn).

#include <fcntl.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return static_cast<int>(syscall(SYS_open, path, flags, mode));
}

int openat(int directory, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
}

int close(int fd) { return static_cast<int>(syscall(SYS_close, fd)); }

int dup2(int from, int to) noexcept { return static_cast<int>(syscall(SYS_dup2, from, to)); }

int dup3(int from, int to, int flags) noexcept { return static_cast<int>(syscall(SYS_dup3, from, to, flags)); }

int pipe(int ends[2]) noexcept { return static_cast<int>(syscall(SYS_pipe, ends)); }

int pipe2(int ends[2], int flags) noexcept { return static_cast<int>(syscall(SYS_pipe2, ends, flags)); }

int socketpair(int domain, int type, int protocol, int ends[2]) noexcept {
  return static_cast<int>(syscall(SYS_socketpair, domain, type, protocol, ends));
}

int eventfd(unsigned int value, int flags) noexcept { return static_cast<int>(syscall(SYS_eventfd2, value, flags)); }

int inotify_init1(int flags) noexcept { return static_cast<int>(syscall(SYS_inotify_init1, flags)); }

int epoll_create1(int flags) noexcept { return static_cast<int>(syscall(SYS_epoll_create1, flags)); }

int epoll_ctl(int epoll, int what, int fd, epoll_event* event) noexcept {
  return static_cast<int>(syscall(SYS_epoll_ctl, epoll, what, fd, event));
}

int epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
  return static_cast<int>(syscall(SYS_epoll_wait, epoll, events, count, timeout));
}

ssize_t read(int fd, void* bytes, size_t size) { return syscall(SYS_read, fd, bytes, size); }

ssize_t pread(int fd, void* bytes, size_t size, off_t offset) { return syscall(SYS_pread64, fd, bytes, size, offset); }

ssize_t write(int fd, const void* bytes, size_t size) { return syscall(SYS_write, fd, bytes, size); }

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  return syscall(SYS_sendto, fd, bytes, size, flags, nullptr, 0);
}

ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  return syscall(SYS_recvfrom, fd, bytes, size, flags, nullptr, nullptr);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) { return syscall(SYS_sendmsg, fd, message, flags); }

ssize_t recvmsg(int fd, msghdr* message, int flags) { return syscall(SYS_recvmsg, fd, message, flags); }

}  // extern "C"
