// The floor: the shortest sequence of system calls known here that makes a complete room, in one file and
// with nothing around it. The bars of the project are ratios to this program, so it must stay honest: a
// step may only be left out when the room of the library has no need for it either.
//
//   floor scratch|poolnet|warm PLANK FILTER [CGROUP]
//
//   scratch   everything is made between the request and the program, the network namespace included
//   poolnet   as scratch, but the network namespace was made before the request
//   warm      everything was made before the request; it only releases a process that waits before execve
//
// PLANK is a squashfs image, FILTER an array of struct sock_filter, CGROUP a cgroup2 directory to make one
// cgroup per room in ("" or absent: none). Beside the steps, which are all here, there are calls.h, the system
// calls, and lane.c, the command line and the answers to the bench.
//
// What a room is here: mount, pid, ipc, uts, net and cgroup namespaces; squashfs below a tmpfs, joined by
// overlayfs; /dev and /proc; a user namespace that maps root to an id without rights, with the plank idmapped
// to it; no capability, no way to get one; a seccomp filter; a cgroup. Costs in the comments are microseconds
// on a 2-core virtual machine with Linux 6.18; only their proportions matter.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "lane.h"

enum { STACK_SIZE = 64 * 1024, ROOM_UID = 100000, ROOM_IDS = 65536, DETACH = 2 };

// Made once, before the first request. The library keeps the same things, per Anchor or per plank.
static struct {
  struct lane lane;
  int plank;         // detached read-only mount of the image
  int dev;           // detached read-only tree of device nodes
  int user;          // user namespace of the rooms
  int proc;          // /proc as it was before the root went away
  int home_net;      // the network namespace to come back to
  int null;          // stdin and stderr of the rooms
  int layers_by_fd;  // overlayfs takes its layers as fds (Linux 6.13)
  char* stack;
} launcher;

// The one room there is at a time. The child shares this memory, so it can leave its fault here.
static struct {
  int output[2], release[2], ready[2];
  int net, cgroup, pidfd;
  char cgroup_name[32];
  const char* failed_step;
  int failed_errno;
} room;

// Child: a failed step is left for the parent to report.
static long must(const char* step, long result) {
  if (result >= 0) return result;
  room.failed_step = step;
  room.failed_errno = (int)-result;
  for (;;) sys(SYS_exit_group, 90);
}

// The loopback interface of a new network namespace is down. Raising it costs 65: it takes the lock of all
// network configuration and gives the interface its addresses.
static long raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  long socket = sys(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return socket;
  long result = sys(SYS_ioctl, socket, SIOCSIFFLAGS, &request);
  sys(SYS_close, socket);
  return result;
}

// ---- the child: from clone3 to execve, raw system calls only ----

// The layers of the root. By fd no path is looked up and none shows in the room's mountinfo. Before
// Linux 6.13 the plank has to be attached below the tmpfs and the layers are named relative to it: 10 to 20
// more.
static void set_layers(long overlay, long tmpfs) {
  if (launcher.layers_by_fd) {
    long upper = must("open upper", sys(SYS_openat, tmpfs, "u", O_PATH | O_DIRECTORY | O_CLOEXEC));
    long work = must("open work", sys(SYS_openat, tmpfs, "w", O_PATH | O_DIRECTORY | O_CLOEXEC));
    must("lower layer", sys(SYS_fsconfig, overlay, FSCONFIG_SET_FD, "lowerdir+", NULL, launcher.plank));
    must("upper layer", sys(SYS_fsconfig, overlay, FSCONFIG_SET_FD, "upperdir", NULL, upper));
    must("work directory", sys(SYS_fsconfig, overlay, FSCONFIG_SET_FD, "workdir", NULL, work));
    return;
  }
  must("mkdir lower", sys(SYS_mkdirat, tmpfs, "l", 0755));
  must("attach plank", attach(must("clone plank", clone_tree(launcher.plank)), tmpfs, "l"));
  must("enter tmpfs", sys(SYS_fchdir, tmpfs));
  must("lower layer", sys(SYS_fsconfig, overlay, FSCONFIG_SET_STRING, "lowerdir", "l", 0));
  must("upper layer", sys(SYS_fsconfig, overlay, FSCONFIG_SET_STRING, "upperdir", "u", 0));
  must("work directory", sys(SYS_fsconfig, overlay, FSCONFIG_SET_STRING, "workdir", "w", 0));
}

// tmpfs 27, overlay 47, /dev 8, /proc 17, chroot 2.5.
static void make_root(void) {
  // The tmpfs is attached (stacked on the launcher's empty root), though nobody needs to see it: closing a
  // tmpfs that was never attached waits for an RCU grace period, 30 µs and more.
  long tmpfs = must("tmpfs", new_filesystem("tmpfs", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, "size", "64m"));
  must("attach tmpfs", attach(tmpfs, AT_FDCWD, "/"));
  must("mkdir upper", sys(SYS_mkdirat, tmpfs, "u", 0755));
  must("mkdir work", sys(SYS_mkdirat, tmpfs, "w", 0700));
  // The root directory of an overlay is that of its upper layer: it belongs to the room's root.
  must("chown upper", sys(SYS_fchownat, tmpfs, "u", ROOM_UID, ROOM_UID, 0));

  long overlay = must("fsopen overlay", sys(SYS_fsopen, "overlay", FSOPEN_CLOEXEC));
  set_layers(overlay, tmpfs);
  must("create overlay", sys(SYS_fsconfig, overlay, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  long root = must("fsmount overlay", sys(SYS_fsmount, overlay, FSMOUNT_CLOEXEC, attributes));
  must("attach overlay", attach(root, AT_FDCWD, "/"));

  // Device nodes: a clone of one tree made beforehand; making them anew costs 47, binding them 67.
  must("attach /dev", attach(must("clone /dev", clone_tree(launcher.dev)), root, "dev"));
  // /proc shows the pid namespace it is made in, so it cannot be made beforehand.
  attributes |= MOUNT_ATTR_NOEXEC;
  must("attach /proc", attach(must("proc", new_filesystem("proc", attributes, NULL, NULL)), root, "proc"));

  // The overlay is stacked on an empty read-only tmpfs, so there is nothing to escape to and chroot is
  // enough. pivot_root would walk all tasks of the host: 85 to 95 more, growing with them.
  must("enter root", sys(SYS_fchdir, root));
  must("chroot", sys(SYS_chroot, "."));
}

// user namespace 8, securebits and capabilities 3, seccomp 54 (the kernel checks and compiles the filter).
static void give_up_rights(void) {
  // Late: all mounts above were made with the rights of the host. uid 0 without capabilities may still write
  // /proc/sys, therefore root of the room has to be nobody of the host.
  must("setns user", sys(SYS_setns, launcher.user, CLONE_NEWUSER));
  must("setgroups", sys(SYS_setgroups, 0, NULL));
  must("setresgid", sys(SYS_setresgid, 0, 0, 0));
  must("setresuid", sys(SYS_setresuid, 0, 0, 0));
  // After NOROOT an execve by uid 0 gives no capabilities back; no_new_privs closes set-uid files as well.
  // Entering the user namespace has reset the securebits, so they are set here and not once in the launcher.
  unsigned bits = (SECURE_ALL_BITS & ~issecure_mask(SECURE_KEEP_CAPS)) | SECURE_ALL_LOCKS;
  must("securebits", sys(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0));
  must("no_new_privs", sys(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  must("capset", sys(SYS_capset, &header, none));
  must("seccomp", sys(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &launcher.lane.filter));
}

static void child_main(void) {
  // Entering a namespace made beforehand is free; CLONE_NEWNET is half of a room from scratch (400 to 520).
  if (room.net >= 0) must("setns net", sys(SYS_setns, room.net, CLONE_NEWNET));
  if (launcher.lane.mode == SCRATCH) must("loopback", raise_loopback());
  make_root();
  must("hostname", sys(SYS_sethostname, "room", 4));
  must("stdin", sys(SYS_dup2, launcher.null, 0));
  must("stdout", sys(SYS_dup2, room.output[1], 1));
  must("stderr", sys(SYS_dup2, launcher.null, 2));
  give_up_rights();
  uint64_t unblocked = 0;
  must("sigprocmask", sys(SYS_rt_sigprocmask, SIG_SETMASK, &unblocked, NULL, sizeof unblocked));
  if (launcher.lane.mode == WARM) {
    char byte;
    must("tell ready", sys(SYS_write, room.ready[1], "", 1));
    must("keep release", sys(SYS_dup3, room.release[0], 3, O_CLOEXEC));
    must("close_range", sys(SYS_close_range, 4, ~0U, 0));
    if (must("wait", sys(SYS_read, 3, &byte, 1)) != 1) must("wait", -EPIPE);
  } else {
    must("close_range", sys(SYS_close_range, 3, ~0U, 0));  // 2
  }
  const char *arguments[] = {"/bin/tiny", NULL}, *environment[] = {"PATH=/bin", NULL};
  must("execve", sys(SYS_execve, arguments[0], arguments, environment));
}

// ---- one room ----

static void make_cgroup(void) {
  static unsigned count;
  if (launcher.lane.cgroup < 0) return;
  snprintf(room.cgroup_name, sizeof room.cgroup_name, "room-%u", count++);
  check("mkdir cgroup", sys(SYS_mkdirat, launcher.lane.cgroup, room.cgroup_name, 0755));
  room.cgroup = (int)check("open cgroup",
                           sys(SYS_openat, launcher.lane.cgroup, room.cgroup_name, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static void remove_cgroup(void) {
  if (room.cgroup < 0) return;
  close(room.cgroup);
  // A cgroup stays busy for a moment after its last process was waited for.
  for (int tries = 0; tries < 5000; tries++) {
    if (sys(SYS_unlinkat, launcher.lane.cgroup, room.cgroup_name, AT_REMOVEDIR) != -EBUSY) return;
    usleep(20);
  }
}

static void launch(void) {
  // CLONE_VM: nothing to copy, whatever the size of this process; CLONE_VFORK: it is back when execve is
  // done. CLONE_INTO_CGROUP: writing cgroup.procs takes a global lock (p99 11.7 ms). CLONE_CLEAR_SIGHAND: a
  // handler of ours must not run in the child. 70 with these namespaces, 470 to 590 with CLONE_NEWNET.
  struct clone_args arguments = {
      .flags = CLONE_VM | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
               CLONE_NEWCGROUP,
      .pidfd = (uintptr_t)&room.pidfd,
      .exit_signal = SIGCHLD,
      .stack = (uintptr_t)launcher.stack,
      .stack_size = STACK_SIZE,
  };
  if (launcher.lane.mode == SCRATCH) arguments.flags |= CLONE_NEWNET;
  if (launcher.lane.mode != WARM) arguments.flags |= CLONE_VFORK;
  if (room.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)room.cgroup;
  }
  check("clone3", clone_room(&arguments, child_main));
  close(room.output[1]);
}

static int new_network(void) {
  check("unshare net", sys(SYS_unshare, CLONE_NEWNET));
  check("loopback", raise_loopback());
  int fd = (int)check("open net", sys(SYS_openat, launcher.proc, "self/ns/net", O_RDONLY | O_CLOEXEC));
  check("setns home", sys(SYS_setns, launcher.home_net, CLONE_NEWNET));
  return fd;
}

static void make_warm(void) {
  char byte;
  make_cgroup();
  check("pipe", pipe2(room.output, O_CLOEXEC));
  check("pipe", pipe2(room.release, O_CLOEXEC));
  check("pipe", pipe2(room.ready, O_CLOEXEC));
  launch();
  close(room.release[0]);
  close(room.ready[1]);
  if (read(room.ready[0], &byte, 1) != 1) check(room.failed_step, -room.failed_errno);
  close(room.ready[0]);
  usleep(200);  // the child has said so a moment before it waits
}

static void serve_one(void) {
  room.net = room.cgroup = room.pidfd = -1;
  room.failed_step = NULL;
  if (launcher.lane.mode != SCRATCH) room.net = new_network();
  if (launcher.lane.mode == WARM) make_warm();

  double begin = now();
  if (launcher.lane.mode == WARM) {
    check("release", sys(SYS_write, room.release[1], "", 1));
  } else {
    make_cgroup();  // 50 together with CLONE_INTO_CGROUP
    check("pipe", pipe2(room.output, O_CLOEXEC));
    launch();
  }
  struct sample sample = measure(begin, room.output[0], room.pidfd);

  close(room.pidfd);
  close(room.output[0]);
  if (launcher.lane.mode == WARM) close(room.release[1]);
  if (room.net >= 0) close(room.net);
  remove_cgroup();
  if (room.failed_step != NULL) check(room.failed_step, -room.failed_errno);
  if (!sample.good) check("the program in the room", -EIO);
  answer(sample);
}

// ---- what is made once ----

static void mount_plank(void) {
  unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  int context = (int)check("fsopen squashfs", sys(SYS_fsopen, "squashfs", FSOPEN_CLOEXEC));
  check("read-only", sys(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0));
  check("plank source", sys(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", launcher.lane.image, 0));
  check("mount plank", sys(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  launcher.plank = (int)check("fsmount plank", sys(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
  close(context);
  close(launcher.lane.loop);
  // Files of the plank belong to root; without the idmap they would appear as nobody's. Linux 6.2 for
  // squashfs.
  struct mount_attr idmap = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)launcher.user};
  long result = sys(SYS_mount_setattr, launcher.plank, "", AT_EMPTY_PATH, &idmap, sizeof idmap);
  if (result < 0) note("plank not idmapped");
}

static void write_map(pid_t process, const char* file) {
  char path[64], map[64];
  snprintf(path, sizeof path, "/proc/%d/%s", process, file);
  int fd = (int)check("open id map", sys(SYS_open, path, O_WRONLY | O_CLOEXEC));
  snprintf(map, sizeof map, "0 %d %d", ROOM_UID, ROOM_IDS);
  check("write id map", sys(SYS_write, fd, map, strlen(map)));
  close(fd);
}

// Only a process outside may write a map of many ids, so a short-lived child makes the namespace.
static void make_user_namespace(void) {
  int ready[2], done[2];
  char path[64], byte;
  check("pipe", pipe2(ready, O_CLOEXEC));
  check("pipe", pipe2(done, O_CLOEXEC));
  pid_t child = (pid_t)check("fork", fork());
  if (child == 0) {
    close(done[1]);
    if (sys(SYS_unshare, CLONE_NEWUSER) == 0) sys(SYS_write, ready[1], "", 1);
    sys(SYS_read, done[0], &byte, 1);
    _exit(0);
  }
  close(ready[1]);
  if (read(ready[0], &byte, 1) != 1) check("unshare user", -EPERM);
  write_map(child, "uid_map");
  write_map(child, "gid_map");
  snprintf(path, sizeof path, "/proc/%d/ns/user", child);
  launcher.user = (int)check("open user namespace", sys(SYS_open, path, O_RDONLY | O_CLOEXEC));
  close(ready[0]);
  close(done[0]);
  close(done[1]);
  waitpid(child, NULL, 0);
}

static void make_dev(void) {
  static const struct {
    const char* name;
    unsigned major, minor;
  } nodes[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
  unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  launcher.dev = (int)check("/dev", new_filesystem("tmpfs", attributes, "mode", "0755"));
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    dev_t device = makedev(nodes[i].major, nodes[i].minor);
    check("mknod", sys(SYS_mknodat, launcher.dev, nodes[i].name, S_IFCHR | 0666, device));
    check("chmod", sys(SYS_fchmodat, launcher.dev, nodes[i].name, 0666));
  }
  check("symlink", sys(SYS_symlinkat, "/proc/self/fd", launcher.dev, "fd"));
  struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
  check("seal /dev", sys(SYS_mount_setattr, launcher.dev, "", AT_EMPTY_PATH, &sealed, sizeof sealed));
}

// A mount namespace with one empty read-only tmpfs: a room then copies one mount instead of all of the host's
// (35 less than with 20 mounts, 1,050 less than with 1,000), and there is nothing to unmount or to pivot
// from.
static void leave_host_mounts(void) {
  check("unshare mounts", sys(SYS_unshare, CLONE_NEWNS));
  check("private mounts", sys(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  int empty = (int)check("empty root", new_filesystem("tmpfs", attributes, "size", "4k"));
  check("attach empty root", attach(empty, AT_FDCWD, "/"));
  check("enter empty root", sys(SYS_fchdir, empty));
  check("pivot_root", sys(SYS_pivot_root, ".", "."));
  check("umount host", sys(SYS_umount2, ".", DETACH));
  struct mount_attr sealed = {.attr_set = MOUNT_ATTR_RDONLY};
  check("seal root", sys(SYS_mount_setattr, empty, "", AT_EMPTY_PATH, &sealed, sizeof sealed));
  close(empty);
}

static void prepare(void) {
  // Blocked for good: the end of stdin is what ends a lane, and no handler may run in a child that shares
  // memory.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  launcher.stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (launcher.stack == MAP_FAILED) check("stack", -ENOMEM);
  launcher.null = (int)check("open /dev/null", sys(SYS_open, "/dev/null", O_RDWR | O_CLOEXEC));
  launcher.proc = (int)check("open /proc", sys(SYS_open, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  launcher.home_net = (int)check("open net", sys(SYS_openat, launcher.proc, "self/ns/net", O_RDONLY | O_CLOEXEC));
  make_user_namespace();
  mount_plank();
  make_dev();
  int probe = (int)check("fsopen overlay", sys(SYS_fsopen, "overlay", FSOPEN_CLOEXEC));
  launcher.layers_by_fd = sys(SYS_fsconfig, probe, FSCONFIG_SET_FD, "lowerdir+", NULL, launcher.plank) == 0;
  close(probe);
  if (!launcher.layers_by_fd) note("overlay layers by path");
  leave_host_mounts();
}

int main(int count, char** arguments) {
  launcher.lane = open_lane(count, arguments);
  prepare();
  answer_ready();
  while (next_request()) serve_one();
  return 0;
}
