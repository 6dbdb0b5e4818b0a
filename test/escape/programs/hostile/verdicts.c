// verdicts: what the room's filter says about system calls, without one of them being made.
//
// A thread puts a filter of its own on top of the room's, which hands every call to the main thread to answer
// (SECCOMP_RET_USER_NOTIF). Of two filters the one that says the stricter thing decides, so a call that the room's
// filter refuses comes back with its error, and one that it lets pass comes back with ours, which no kernel call ever
// returns.
//
// Words: `native A` or `x32 A` for all numbers from 0 to 600 with the argument A six times; `i386` for the same numbers
// by int 0x80; `call N,A,B,… …` for a number and its arguments in each word. Prints `NUMBER allow`, or the error, or
// `killed`; `NUMBER unfiltered` for the two that the kernel shows to no filter.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "hostile.h"

enum { PASSED = 1234, NUMBERS = 601, X32_BIT = 0x40000000 };
static const unsigned long let_go = 0x1e760;  // sixth argument of the one call that is really made: the thread's exit

// uretprobe and uprobe, which only code that the kernel itself put into a process may call: others get SIGILL.
static int is_unfiltered(unsigned long number) { return number == 335 || number == 336; }

static atomic_int listener = -1;
static unsigned long numbers[NUMBERS];
static unsigned long arguments[NUMBERS][6];
static long results[NUMBERS];
static int calls;

static long call(unsigned long number, const unsigned long* with) {
  long result;
  register unsigned long r10 __asm__("r10") = with[3];
  register unsigned long r8 __asm__("r8") = with[4];
  register unsigned long r9 __asm__("r9") = with[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(with[0]), "S"(with[1]), "d"(with[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static int install(struct sock_filter* filter, unsigned short length, unsigned flags) {
  struct sock_fprog program = {length, filter};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void* make_calls(void* unused) {
  struct sock_filter ask[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
  int made = install(ask, 1, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  atomic_store(&listener, made < 0 ? -errno - 2 : made);
  for (int i = 0; made >= 0 && i < calls; i++)
    if (!is_unfiltered(numbers[i])) results[i] = call(numbers[i], arguments[i]);
  unsigned long exit_arguments[6] = {0, 0, 0, 0, 0, let_go};
  call(SYS_exit, exit_arguments);
  return unused;
}

static int answer_all(void) {
  pthread_t thread;
  if (pthread_create(&thread, 0, make_calls, 0) != 0) return 1;
  while (atomic_load(&listener) == -1) usleep(100);
  if (listener < 0) {
    fprintf(stderr, "no listener: %s\n", strerror(-(listener + 2)));
    return 1;
  }
  for (;;) {
    struct seccomp_notif asked = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return 1;
    int last = asked.data.args[5] == let_go;
    struct seccomp_notif_resp answer = {
        .id = asked.id, .error = last ? 0 : -PASSED, .flags = last ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0) return 1;
    if (last) break;
  }
  return 0;
}

static const char* name_of(long result) {
  if (result == -PASSED) return "allow";
  const char* name = result < 0 ? strerrorname_np((int)-result) : 0;
  return name ? name : "made";  // the kernel made the call: neither filter had it
}

// In a process each, because a filter kills the process. Should the room's filter let one pass, ours skips it.
static int old_entry(void) {
  for (int number = 0; number < NUMBERS; number++) {
    pid_t child = fork();
    if (child == 0) {
      struct sock_filter skip[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 0, 1),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
      if (install(skip, 4, 0) != 0) _exit(3);
      long result;
      __asm__ volatile("int $0x80"
                       : "=a"(result)
                       : "a"(number), "b"(0), "c"(0), "d"(0), "S"(0), "D"(0)
                       : "memory", "r8", "r9", "r10", "r11");
      _exit(4);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) return 1;
    printf("%d %s\n", number,
           WIFSIGNALED(status) && WTERMSIG(status) == 31 /* SIGSYS */    ? "killed"
           : WIFSIGNALED(status) && WTERMSIG(status) == 11 /* SIGSEGV */ ? "closed"
           : WIFEXITED(status) && WEXITSTATUS(status) == 4               ? "passed"
                                                                         : "failed");
  }
  return 0;
}

int verdicts(int count, char** words) {
  if (count == 1 && strcmp(words[0], "i386") == 0) return old_entry();
  int one = count > 1 && strcmp(words[0], "call") == 0;
  unsigned long bit = count > 0 && strcmp(words[0], "x32") == 0 ? X32_BIT : 0;
  calls = one ? 0 : NUMBERS;
  for (int i = 0; i < calls; i++) {
    numbers[i] = (unsigned long)i | bit;
    for (int j = 0; j < 6; j++) arguments[i][j] = count > 1 ? strtoul(words[1], 0, 0) : 0;
  }
  // `call 1,2,3 4,5 …`: a number and its arguments in each word.
  for (int i = 1; one && i < count && calls < NUMBERS; i++, calls++) {
    char* at = words[i];
    numbers[calls] = strtoul(at, &at, 0);
    for (int j = 0; *at == ',' && j < 6; j++) arguments[calls][j] = strtoul(at + 1, &at, 0);
  }
  if (answer_all() != 0) return 1;
  for (int i = 0; i < calls; i++) {
    const char* verdict = is_unfiltered(numbers[i]) ? "unfiltered" : name_of(results[i]);
    if (one)
      printf("%s %s\n", words[i + 1], verdict);
    else
      printf("%d %s\n", i, verdict);
  }
  return 0;
}
