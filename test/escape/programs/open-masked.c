// Opens and changes what a room has covered, by every other name of it, and says what worked: READ, WROTE or CHANGED.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Files of the kernel's own memory, log, timers and devices; the last ones are only to be written.
static const char* const hidden[] = {"kcore",        "kmsg",        "timer_list",   "timer_stats", "sched_debug",
                                     "latency_stats", "slabinfo",    "vmallocinfo",  "kpagecount",  "kpageflags",
                                     "kpagecgroup",  "pagetypeinfo", "acpi/wakeup",  "scsi/scsi",   "asound/cards"};
static const char* const sealed[] = {"sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/sysrq",
                                     "sysrq-trigger",           "irq/default_smp_affinity", "sys/vm/drop_caches",
                                     "sys/fs/suid_dumpable"};

// Other names of /proc.
static const char* const aliases[] = {"/proc",
                                      "/proc/self/root/proc",
                                      "/proc/thread-self/root/proc",
                                      "/proc/self/cwd/proc",
                                      "/proc/self/..",
                                      "/proc/1/../../proc",
                                      "/dev/fd/../..",
                                      "/sys/../proc"};

static void change(int directory, const char* name, const char* shown) {
  struct stat info;
  if (fstatat(directory, name, &info, 0) != 0) return;
  // To what they are already: where it is allowed, nothing is broken by it.
  if (fchmodat(directory, name, info.st_mode & 07777, 0) == 0) printf("CHANGED mode of %s\n", shown);
  if (fchownat(directory, name, info.st_uid, info.st_gid, 0) == 0) printf("CHANGED owner of %s\n", shown);
  if (utimensat(directory, name, 0, 0) == 0) printf("CHANGED times of %s\n", shown);
  if (linkat(directory, name, AT_FDCWD, "/tmp/linked", 0) == 0) printf("CHANGED links of %s\n", shown);
  if (renameat(directory, name, directory, "renamed") == 0) printf("CHANGED name of %s\n", shown);
  if (unlinkat(directory, name, 0) == 0) printf("CHANGED %s away\n", shown);
}

static void peek(int directory, const char* name, const char* shown) {
  char byte;
  int fd = openat(directory, name, O_RDONLY | O_NONBLOCK);
  if (fd >= 0 && read(fd, &byte, 1) > 0) printf("READ %s\n", shown);
  if (fd >= 0) close(fd);
}

static void overwrite(int directory, const char* name, const char* shown) {
  const char* text = strstr(name, "core_pattern") ? "core.escape" : "0";
  int fd = openat(directory, name, O_WRONLY | O_NONBLOCK);
  if (fd < 0) return;
  if (write(fd, text, strlen(text)) >= 0) printf("WROTE %s\n", shown);
  close(fd);
}

int main(void) {
  chdir("/");
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
    int proc = open(aliases[i], O_PATH | O_DIRECTORY);
    if (proc < 0) continue;
    printf("opened %s\n", aliases[i]);
    char shown[256];
    for (size_t j = 0; j < sizeof hidden / sizeof *hidden; j++) {
      snprintf(shown, sizeof shown, "%s/%s", aliases[i], hidden[j]);
      peek(proc, hidden[j], shown);
      overwrite(proc, hidden[j], shown);
      change(proc, hidden[j], shown);
    }
    for (size_t j = 0; j < sizeof sealed / sizeof *sealed; j++) {
      snprintf(shown, sizeof shown, "%s/%s", aliases[i], sealed[j]);
      overwrite(proc, sealed[j], shown);
      change(proc, sealed[j], shown);
    }
    close(proc);
  }
  return 0;
}
