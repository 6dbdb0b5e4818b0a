// foreign: goes into the kernel by every door that is not the one of 64-bit programs, from a process each. Prints
// `NAME killed by N`, or what the call gave. ia32: whether this kernel has a door for 32-bit programs at all: `open`, or
// `closed` where int 0x80 is an exception that it makes SIGSEGV of (ia32_emulation=off, CONFIG_IA32_EMULATION).
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "hostile.h"

enum { I386_GETPID = 20, I386_SOCKETCALL = 102, I386_MOUNT = 21, I386_UNSHARE = 310 };

static long gate(long number) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  return result;
}

// A far call into the segment of 32-bit code, which then uses the door that `opcode` names. All of it, the stack
// included, lies in the lowest 4 GiB.
static long from_32_bit_code(long number, unsigned char first, unsigned char second) {
  unsigned char* low =
      mmap((void*)0x10000000, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (low == MAP_FAILED) return -errno;
  // sysenter wants the stack in ebp: mov %esp,%ebp; the door; lret.
  unsigned char code[] = {0x89, 0xe5, first, second, 0xcb};
  memcpy(low, code, sizeof code);
  // Not on the stack: that is another one by the time of the call.
  static struct {
    unsigned offset;
    unsigned short segment;
  } __attribute__((packed)) target = {0x10000000, 0x23};
  long result;
  __asm__ volatile(
      "movq %%rsp, %%r12\n\t"
      "movq %%rbp, %%r13\n\t"
      "movq %[stack], %%rsp\n\t"
      "lcall *%[target]\n\t"
      "movq %%r13, %%rbp\n\t"
      "movq %%r12, %%rsp"
      : "=a"(result)
      : "a"(number), "b"(0l), "c"(0l), "d"(0l), "S"(0l), "D"(0l), [stack] "r"(0x10001f00ul), [target] "m"(target)
      : "memory", "r8", "r9", "r10", "r11", "r12", "r13");
  return (int)result;
}

static long int80_getpid(void) { return gate(I386_GETPID); }
static long int80_socketcall(void) { return gate(I386_SOCKETCALL); }
static long int80_mount(void) { return gate(I386_MOUNT); }
static long int80_unshare(void) { return gate(I386_UNSHARE); }
static long far_int80(void) { return from_32_bit_code(I386_GETPID, 0xcd, 0x80); }
static long far_sysenter(void) { return from_32_bit_code(I386_GETPID, 0x0f, 0x34); }
static long far_syscall(void) { return from_32_bit_code(I386_GETPID, 0x0f, 0x05); }
static long x32(long number) {
  long result = syscall(0x40000000 | number, 0, 0, 0, 0, 0, 0);
  return result == -1 ? -errno : result;
}
static long x32_getpid(void) { return x32(SYS_getpid); }
static long x32_mount(void) { return x32(SYS_mount); }
static long x32_ioctl(void) { return x32(514); }  // numbers from 512 on are of x32 alone
static long x32_execve(void) { return x32(520); }
static long bare_512(void) {  // and once worked without the bit
  long result = syscall(520, 0, 0, 0);
  return result == -1 ? -errno : result;
}

static const struct {
  const char* name;
  long (*make)(void);
} doors[] = {
    {"int80 getpid", int80_getpid},  {"int80 socketcall", int80_socketcall},
    {"int80 mount", int80_mount},    {"int80 unshare", int80_unshare},
    {"32-bit int80", far_int80},     {"32-bit sysenter", far_sysenter},
    {"32-bit syscall", far_syscall}, {"x32 getpid", x32_getpid},
    {"x32 mount", x32_mount},        {"x32 ioctl", x32_ioctl},
    {"x32 execve", x32_execve},      {"520", bare_512},
};

int foreign(int count, char** words) {
  (void)count, (void)words;
  for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    pid_t child = fork();
    if (child == 0) {
      long result = doors[i].make();
      (void)!write(ends[1], &result, sizeof result);
      _exit(0);
    }
    close(ends[1]);
    long result = 0;
    int status = 0;
    ssize_t size = read(ends[0], &result, sizeof result);
    close(ends[0]);
    waitpid(child, &status, 0);
    if (size != sizeof result)
      printf("%s killed by %d\n", doors[i].name, WTERMSIG(status));
    else if (result < 0 && result > -4096)
      printf("%s %s\n", doors[i].name, strerrorname_np((int)-result));
    else
      printf("%s 0\n", doors[i].name);
    fflush(stdout);
  }
  return 0;
}

int ia32(int count, char** words) {
  (void)count, (void)words;
  pid_t child = fork();
  if (child == 0) {
    int80_getpid();
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 1;
  puts(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? "closed" : "open");
  return 0;
}
