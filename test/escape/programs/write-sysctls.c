// Writes to every file below /proc/sys what stands in it already, and to some that are power over the host something else.
// Says WROTE for each that took it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int put(const char* path, const char* text, size_t size) {
  int fd = open(path, O_WRONLY | O_NONBLOCK);
  if (fd < 0) return 0;
  ssize_t written = write(fd, text, size);
  close(fd);
  return written > 0;
}

static int rewrite(const char* path, const struct stat* info, int kind, struct FTW* place) {
  (void)info;
  (void)place;
  char text[4096];
  if (kind != FTW_F) return 0;
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text);
  if (fd >= 0) close(fd);
  // What cannot be read is written to as well: a number that changes nothing where it is one.
  if (size <= 0) size = (ssize_t)strlen(strcpy(text, "0\n"));
  if (put(path, text, (size_t)size)) printf("WROTE %s\n", path);
  return 0;
}

int main(void) {
  static const char* const powers[][2] = {{"kernel/core_pattern", "core.escape"},
                                          {"kernel/modprobe", "/tmp/escape"},
                                          {"kernel/hostname", "escape"},
                                          {"kernel/domainname", "escape"},
                                          {"fs/suid_dumpable", "2"},
                                          {"fs/mqueue/queues_max", "7"},
                                          {"kernel/randomize_va_space", "1"},
                                          {"kernel/shmmni", "77"},
                                          {"kernel/pid_max", "12345"},
                                          {"net/core/somaxconn", "77"},
                                          {"net/ipv4/ip_forward", "1"},
                                          {"net/ipv4/ip_unprivileged_port_start", "77"},
                                          {"user/max_user_namespaces", "77"}};
  for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
    char path[256];
    snprintf(path, sizeof path, "/proc/sys/%s", powers[i][0]);
    if (put(path, powers[i][1], strlen(powers[i][1]))) printf("WROTE %s\n", path);
    // sysctl(8) takes dots for slashes; a path that climbs is another spelling.
    snprintf(path, sizeof path, "/proc/self/root/proc/sys/fs/../%s", powers[i][0]);
    if (put(path, powers[i][1], strlen(powers[i][1]))) printf("WROTE %s\n", path);
  }
  nftw("/proc/sys", rewrite, 16, FTW_PHYS);
  puts("end");
  return 0;
}
