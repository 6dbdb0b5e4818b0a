// Ways in which two programs can meet without having been introduced.
//
// leave KIND [PATH]: leaves something of that kind for others to find, says "left" and stays until /tmp/end appears;
// then it says "end". What reaches it meanwhile it says as "met". look KIND [PATH]: tries to find or to touch what
// another process left. Says "met" or "nothing".
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "hostile.h"

enum { KEY = 0x5ec0de, KEY_SPEC_USER_KEYRING = -4, KEYCTL_SEARCH = 10 };

static int opened(const char* path, int flags) {
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) fprintf(stderr, "%s: %s\n", path, strerror(errno));
  return fd;
}

static struct flock lock_of(short type) {
  // At an offset that nobody else locks, so that /proc/locks has something to be found by.
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = KEY, .l_len = 1};
}

static int flock_leave(const char* path) { return flock(opened(path, O_RDONLY), LOCK_EX | LOCK_NB); }
static int flock_look(const char* path) { return flock(opened(path, O_RDONLY), LOCK_EX | LOCK_NB) != 0; }

static int posix_leave(const char* path) {
  struct flock lock = lock_of(F_RDLCK);
  return fcntl(opened(path, O_RDONLY), F_SETLK, &lock);
}
static int posix_look(const char* path) {
  struct flock lock = lock_of(F_WRLCK);
  return fcntl(opened(path, O_RDONLY), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int ofd_leave(const char* path) {
  struct flock lock = lock_of(F_RDLCK);
  return fcntl(opened(path, O_RDONLY), F_OFD_SETLK, &lock);
}
static int ofd_look(const char* path) {
  struct flock lock = lock_of(F_WRLCK);
  return fcntl(opened(path, O_RDONLY), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// The kernel's own list of locks, which shows those of open file descriptions whoever holds them.
static int list_look(const char* path) {
  (void)path;
  char line[256], key[32];
  int met = 0;
  snprintf(key, sizeof key, " %d ", KEY);
  FILE* locks = fopen("/proc/locks", "r");
  while (locks && fgets(line, sizeof line, locks)) met |= strstr(line, key) != 0;
  return met;
}

// Whoever opens it for writing has to wait until it is given back.
static int lease_leave(const char* path) { return fcntl(opened(path, O_RDONLY), F_SETLEASE, F_RDLCK); }
static int lease_look(const char* path) {
  return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) < 0 && errno == EWOULDBLOCK;
}

static int shm_leave(const char* path) { return shm_open(path, O_CREAT | O_EXCL | O_RDWR, 0666); }
static int shm_look(const char* path) { return shm_open(path, O_RDWR, 0) >= 0; }

static int mqueue_leave(const char* path) { return mq_open(path, O_CREAT | O_EXCL | O_RDWR, 0666, (struct mq_attr*)0); }
static int mqueue_look(const char* path) { return mq_open(path, O_RDWR) >= 0; }

static int sysv_leave(const char* path) {
  (void)path;
  return shmget(KEY, 4096, IPC_CREAT | 0666) < 0 || msgget(KEY, IPC_CREAT | 0666) < 0 ||
                 semget(KEY, 1, IPC_CREAT | 0666) < 0
             ? -1
             : 0;
}
static int sysv_look(const char* path) {
  (void)path;
  struct shmid_ds segment;
  // By key, and by its place in the kernel's table, which needs no key.
  return shmget(KEY, 0, 0) >= 0 || msgget(KEY, 0) >= 0 || semget(KEY, 0, 0) >= 0 || shmctl(0, SHM_STAT, &segment) >= 0;
}

static socklen_t unix_address(struct sockaddr_un* to, const char* path) {
  memset(to, 0, sizeof *to);
  to->sun_family = AF_UNIX;
  // `@name` is abstract.
  strncpy(to->sun_path, path, sizeof to->sun_path - 1);
  if (path[0] == '@') to->sun_path[0] = '\0';
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

static int unix_leave(const char* path) {
  struct sockaddr_un address;
  socklen_t size = unix_address(&address, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return bind(fd, (struct sockaddr*)&address, size) || listen(fd, 8);
}
static int unix_look(const char* path) {
  struct sockaddr_un address;
  socklen_t size = unix_address(&address, path);
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&address, size) == 0;
}

static int key_leave(const char* path) {
  return (int)syscall(SYS_add_key, "user", path, "secret", 6, KEY_SPEC_USER_KEYRING) < 0 ? -1 : 0;
}
static int key_look(const char* path) {
  char line[256];
  int met = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", path, 0) > 0 ||
            syscall(SYS_request_key, "user", path, 0, 0) > 0;
  FILE* keys = fopen("/proc/keys", "r");
  while (keys && fgets(line, sizeof line, keys)) met |= strstr(line, path) != 0;
  return met;
}

static int name_leave(const char* path) { return prctl(PR_SET_NAME, path); }
static int name_look(const char* path) {
  for (int pid = 1; pid < 4096; pid++) {
    char file[32], name[32] = "";
    snprintf(file, sizeof file, "/proc/%d/comm", pid);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t size = read(fd, name, sizeof name - 1);
    close(fd);
    if (size > 1 && strncmp(name, path, strlen(path)) == 0) return 1;
  }
  return 0;
}

static void say_met(int signal) {
  (void)signal;
  if (write(1, "met\n", 4) < 0) _exit(1);
}

static int signal_leave(const char* path) {
  (void)path;
  return signal(SIGUSR1, say_met) == SIG_ERR ? -1 : 0;
}
// To everybody that may be signalled, and to every number one by one.
static int signal_look(const char* path) {
  (void)path;
  signal(SIGUSR1, SIG_IGN);
  int met = kill(-1, SIGUSR1) == 0;
  for (int pid = 1; pid < 4096; pid++)
    if (pid != getpid() && pid != getppid() && kill(pid, SIGUSR1) == 0) met = 1;
  return met;
}

static int watched = -1;
static int watch_leave(const char* path) {
  watched = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return inotify_add_watch(watched, path, IN_OPEN | IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_CLOSE) < 0 ? -1 : 0;
}
static int notify_leave(const char* path) {
  signal(SIGIO, say_met);
  return fcntl(opened(path, O_RDONLY | O_DIRECTORY), F_NOTIFY, DN_ACCESS | DN_MODIFY | DN_ATTRIB | DN_MULTISHOT);
}
// Whether it was noticed only the one who watches can say.
static int touch_look(const char* path) {
  char byte;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0 && read(fd, &byte, 1) < 0) (void)!syscall(SYS_getdents64, fd, (char[4096]){0}, 4096);
  utimensat(AT_FDCWD, path, 0, 0);
  close(fd);
  return 0;
}

static const struct channel {
  const char* kind;
  int (*leave)(const char* path);
  int (*look)(const char* path);
} channels[] = {
    {"flock", flock_leave, flock_look},    {"posix-lock", posix_leave, posix_look},
    {"ofd-lock", ofd_leave, ofd_look},     {"lock-list", ofd_leave, list_look},
    {"lease", lease_leave, lease_look},    {"shm", shm_leave, shm_look},
    {"mqueue", mqueue_leave, mqueue_look}, {"sysv", sysv_leave, sysv_look},
    {"unix", unix_leave, unix_look},       {"key", key_leave, key_look},
    {"name", name_leave, name_look},       {"signal", signal_leave, signal_look},
    {"inotify", watch_leave, touch_look},  {"dnotify", notify_leave, touch_look},
};

static const struct channel* find(int count, char** words) {
  for (size_t i = 0; count > 0 && i < sizeof channels / sizeof *channels; i++)
    if (strcmp(words[0], channels[i].kind) == 0) return &channels[i];
  return 0;
}

static void stay(void) {
  int end = inotify_init1(IN_CLOEXEC);
  inotify_add_watch(end, "/tmp", IN_CREATE | IN_MOVED_TO);
  printf("left\n");
  fflush(stdout);
  while (access("/tmp/end", F_OK) != 0) {
    struct pollfd on[2] = {{end, POLLIN, 0}, {watched, POLLIN, 0}};
    char events[4096];
    if (poll(on, 2, 1000) < 0) continue;
    if (on[0].revents) (void)!read(end, events, sizeof events);
    if (on[1].revents && read(watched, events, sizeof events) > 0) say_met(0);
  }
  printf("end\n");
}

int leave(int count, char** words) {
  const struct channel* channel = find(count, words);
  if (!channel) return 2;
  signal(SIGIO, SIG_IGN);
  if (channel->leave(count > 1 ? words[1] : 0) < 0) {
    perror(words[0]);
    return 1;
  }
  stay();
  return 0;
}

int look(int count, char** words) {
  const struct channel* channel = find(count, words);
  if (!channel) return 2;
  puts(channel->look(count > 1 ? words[1] : 0) ? "met" : "nothing");
  return 0;
}
