// Tries to type into the terminals that it can reach, and to take them over. Says DID for what worked.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static long ioctl_i386(int fd, unsigned request, const void* argument) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(54), "b"((long)fd), "c"((long)request), "d"(argument)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
}

static void did(const char* what, const char* where, long result) {
  if (result >= 0) dprintf(1, "DID %s on %s\n", what, where);
}

// TIOCSTI by its number, by numbers that a kernel of 32 bits for it would not tell from that, and by other ABIs.
static void type_into(int fd, const char* where) {
  static const char key = 'k';
  did("TIOCSTI", where, syscall(SYS_ioctl, fd, 0x5412ul, &key));
  did("TIOCSTI + 2^32", where, syscall(SYS_ioctl, fd, 0x100005412ul, &key));
  did("TIOCSTI + 2^63", where, syscall(SYS_ioctl, fd, 0x8000000000005412ul, &key));
  did("TIOCSTI + all", where, syscall(SYS_ioctl, fd, 0xffffffff00005412ul, &key));
  for (char code = 2; code < 16; code++) {
    char command[16] = {code, 1, 0, 1, 0, 10, 0, 1};
    did("TIOCLINUX", where, syscall(SYS_ioctl, fd, 0x541Cul, command));
    did("TIOCLINUX + 2^32", where, syscall(SYS_ioctl, fd, 0x10000541Cul, command));
  }
  int discipline = 1;
  did("TIOCSETD", where, syscall(SYS_ioctl, fd, 0x5423ul, &discipline));
  did("TIOCCONS", where, syscall(SYS_ioctl, fd, 0x541Dul, 0));
  // Each in a process of its own: another ABI may be answered with SIGSYS.
  if (fork() == 0) {
    static const char low = 'k';
    if ((unsigned long)&low < 0xfffffffful) did("TIOCSTI of i386", where, ioctl_i386(fd, 0x5412, &low));
    _exit(0);
  }
  if (fork() == 0) {
    did("TIOCSTI of x32", where, syscall(0x40000000 + 514, fd, 0x5412ul, &key));
    _exit(0);
  }
  while (wait(0) > 0) {
  }
}

static void take(int fd, const char* where) {
  pid_t self = getpid();
  did("TIOCSCTTY by force", where, ioctl(fd, TIOCSCTTY, 1));
  if (ioctl(fd, TIOCSCTTY, 0) == 0) dprintf(1, "TOOK %s\n", where);
  did("TIOCSPGRP", where, ioctl(fd, TIOCSPGRP, &self));
  type_into(fd, where);
}

// Whoever is in the session of a terminal may make another group the one that reads from it, and open it by /dev/tty.
static void share(void) {
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    pid_t self = getpid();
    for (int fd = 0; fd < 3; fd++) {
      pid_t before = tcgetpgrp(fd);
      did("TIOCSPGRP", "a descriptor", ioctl(fd, TIOCSPGRP, &self));
      ioctl(fd, TIOCSPGRP, &before);
    }
    did("open", "/dev/tty", open("/dev/tty", O_RDWR | O_NONBLOCK));
    _exit(0);
  }
  waitpid(child, 0, 0);
}

int main(void) {
  static const char* const names[] = {"/dev/tty",        "/proc/self/fd/0", "/proc/self/fd/1", "/dev/stdin", "/dev/pts/0",
                                      "/dev/pts/1",      "/dev/pts/2",      "/dev/console",    "/dev/tty0",  "/dev/tty1",
                                      "/proc/1/fd/0",    "/proc/1/fd/4",    "/dev/ptmx"};
  for (int fd = 0; fd < 3; fd++) {
    char where[32];
    snprintf(where, sizeof where, "%d", fd);
    type_into(fd, where);
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    int fd = open(names[i], O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd >= 0) type_into(fd, names[i]);
    if (fd >= 0) close(fd);
  }
  share();
  // As the leader of a new session, which may take a terminal that controls nobody.
  pid_t child = fork();
  if (child == 0) {
    setsid();
    for (int fd = 0; fd < 3; fd++) take(fd, "a descriptor, from a new session");
    int tty = open("/dev/tty", O_RDWR | O_NONBLOCK);
    if (tty >= 0) take(tty, "/dev/tty, from a new session");
    _exit(0);
  }
  waitpid(child, 0, 0);
  dprintf(1, "end\n");
  return 0;
}
