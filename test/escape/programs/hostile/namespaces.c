// namespaces: tries to get into any namespace but those it has, directly and by the descriptors that the kernel hands
// out. Prints `NAME ERROR` for each try, and then the names of the namespaces it is in.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "hostile.h"

static const struct {
  const char* name;
  const char* file;
  unsigned long flag;
} kinds[] = {
    {"user", "user", CLONE_NEWUSER},      {"mnt", "mnt", CLONE_NEWNS},
    {"pid", "pid", CLONE_NEWPID},         {"pid_for_children", "pid_for_children", CLONE_NEWPID},
    {"net", "net", CLONE_NEWNET},         {"ipc", "ipc", CLONE_NEWIPC},
    {"uts", "uts", CLONE_NEWUTS},         {"cgroup", "cgroup", CLONE_NEWCGROUP},
    {"time", "time", 0x80 /* NEWTIME */}, {"time_for_children", "time_for_children", 0x80},
};

static char name[96];
static const char* named(const char* what, const char* kind) {
  snprintf(name, sizeof name, "%s(%s)", what, kind);
  return name;
}

// In a process of its own: what works for one must not help the next. A child that is made lives as long as the attack,
// so that the host can see in what it is.
static void try_apart(const char* what, long (*attempt)(unsigned long), unsigned long with) {
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_t child = fork();
  if (child == 0) {
    long result = attempt(with);
    int error = result == -1 ? errno : 0;
    (void)!write(ends[1], &error, sizeof error);
    if (result == -1) _exit(0);
    for (;;) pause();
  }
  close(ends[1]);
  if (child < 0) return;
  int error = 0;
  ssize_t size = read(ends[0], &error, sizeof error);
  close(ends[0]);
  if (size != sizeof error || error != 0) waitpid(child, 0, __WALL);
  errno = error;
  if (size == sizeof error)
    report(what, error ? -1 : 0);
  else
    printf("%s died\n", what);
}

static long by_unshare(unsigned long flags) { return syscall(SYS_unshare, flags); }
static long by_clone(unsigned long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }
static long by_clone3(unsigned long flags) {
  struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
  return syscall(SYS_clone3, &args, sizeof args);
}
static long by_pidfd(unsigned long flags) { return syscall(SYS_setns, syscall(SYS_pidfd_open, 1, 0), flags); }
static long by_own_pidfd(unsigned long flags) {
  return syscall(SYS_setns, syscall(SYS_pidfd_open, getpid(), 0), flags);
}
static const char* path;
static long by_file(unsigned long flags) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -1 : syscall(SYS_setns, fd, flags);
}
static long as_nobody(unsigned long flags) {
  return setgid(65534) || setuid(65534) ? -1 : (long)syscall(SYS_unshare, flags);
}
static int own_file;
static long by_ioctl(unsigned long request) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -1 : ioctl(fd, request, 0);
}
static long by_pidfd_ioctl(unsigned long request) {
  return ioctl((int)syscall(SYS_pidfd_open, own_file ? getpid() : 1, 0), request, 0);
}
static long by_socket(unsigned long request) { return ioctl(socket(AF_INET, SOCK_DGRAM, 0), request, 0); }

int namespaces(int count, char** words) {
  (void)count, (void)words;
  char file[64];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    unsigned long flag = kinds[i].flag;
    const char* kind = kinds[i].name;
    int indirect = strstr(kind, "_for_children") != 0;
    if (!indirect) {
      try_apart(named("unshare", kind), by_unshare, flag);
      try_apart(named("unshare+2^32", kind), by_unshare, flag | 1ul << 32);
      try_apart(named("unshare+FS", kind), by_unshare, flag | CLONE_FS);
      try_apart(named("unshare as nobody", kind), as_nobody, flag);
      // In clone(2) the bit of CLONE_NEWTIME is part of the exit signal.
      if (flag != 0x80) {
        try_apart(named("clone", kind), by_clone, flag);
        try_apart(named("clone+2^32", kind), by_clone, flag | 1ul << 32);
        try_apart(named("clone+user", kind), by_clone, flag | CLONE_NEWUSER);
      }
      try_apart(named("clone3", kind), by_clone3, flag);
      try_apart(named("setns(pidfd of 1)", kind), by_pidfd, flag);
      try_apart(named("setns(own pidfd)", kind), by_own_pidfd, flag);
    }
    for (int pid = 0; pid < 2; pid++) {
      snprintf(file, sizeof file, "/proc/%s/ns/%s", pid ? "1" : "self", kinds[i].file);
      path = file;
      try_apart(named(pid ? "setns(file of 1)" : "setns(own file)", kind), by_file, 0);
    }
    snprintf(file, sizeof file, "/proc/self/ns/%s", kinds[i].file);
    path = file;
    // linux/nsfs.h: which user namespace owns it, and which namespace it is below.
    try_apart(named("NS_GET_USERNS", kind), by_ioctl, _IO(0xb7, 1));
    try_apart(named("NS_GET_PARENT", kind), by_ioctl, _IO(0xb7, 2));
  }
  // linux/pidfd.h: PIDFD_GET_CGROUP_NAMESPACE to PIDFD_GET_UTS_NAMESPACE.
  for (unsigned number = 1; number <= 10; number++) {
    snprintf(file, sizeof file, "%u", number);
    own_file = 0;
    try_apart(named("PIDFD_GET of 1", file), by_pidfd_ioctl, _IO(0xff, number));
  }
  try_apart("SIOCGSKNS", by_socket, 0x894c);
  printf("tried\n");
  fflush(stdout);
  for (;;) pause();
}
