// Runs a program and kills it with SIGKILL when it is about to make its Nth system call that changes a file system,
// whichever of its threads that is; 0: never. Prints how many it made at the end: "calls N".
//
//   killer N PROGRAM ARGUMENTS…
//
// A seccomp filter stops the program at these calls alone, so everything else is as fast as without. Sources:
// ptrace(2), PTRACE_EVENT_SECCOMP; seccomp(2), SECCOMP_RET_TRACE.

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const int changing[] = {
    SYS_write,     SYS_pwrite64,        SYS_writev,    SYS_open,     SYS_openat,    SYS_creat,
    SYS_mkdir,     SYS_mkdirat,         SYS_rename,    SYS_renameat, SYS_renameat2, SYS_link,
    SYS_linkat,    SYS_symlink,         SYS_symlinkat, SYS_unlink,   SYS_unlinkat,  SYS_rmdir,
    SYS_fsync,     SYS_fdatasync,       SYS_ftruncate, SYS_fchmod,   SYS_chmod,     SYS_fchmodat,
    SYS_fallocate, SYS_sync_file_range,
};
enum { kChanging = sizeof changing / sizeof changing[0] };

static void filter(void) {
  struct sock_filter program[kChanging + 3];
  int at = 0;
  program[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < kChanging; ++i)
    program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)changing[i],
                                                 (unsigned char)(kChanging - i), 0);
  program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  struct sock_fprog whole = {(unsigned short)at, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) < 0) _exit(126);
}

// Writes to pipes and eventfds, and openings that make nothing, change no file system.
static int changes(pid_t tid, const struct user_regs_struct* registers) {
  long call = (long)registers->orig_rax;
  if (call == SYS_openat) return (registers->rdx & O_CREAT) != 0;
  if (call == SYS_open) return (registers->rsi & O_CREAT) != 0;
  if (call != SYS_write && call != SYS_writev) return 1;
  char path[64], target[16] = "";
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)tid, (int)registers->rdi);
  return readlink(path, target, sizeof target - 1) > 0 && target[0] == '/' && strncmp(target, "/dev/", 5) != 0;
}

int main(int count, char** words) {
  if (count < 3) return 2;
  long wanted = atol(words[1]), seen = 0;
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    filter();
    execvp(words[2], words + 2);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, WUNTRACED) != child) return 1;
  long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, child, 0, options) < 0) return perror("PTRACE_SEIZE"), 1;
  kill(child, SIGCONT);
  int end = 0;
  for (;;) {
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0) break;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (tid == child) end = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    int event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_SECCOMP) {
      struct user_regs_struct registers;
      ptrace(PTRACE_GETREGS, tid, 0, &registers);
      if (changes(tid, &registers) && ++seen == wanted) {
        // The call is not made: the whole group dies where it stands.
        kill(child, SIGKILL);
        continue;
      }
    }
    // Stops of the group and of new threads are no signals for the program.
    if (event != 0 || signal == SIGSTOP || signal == SIGTRAP) signal = 0;
    ptrace(PTRACE_CONT, tid, 0, (long)signal);
  }
  printf("calls %ld\n", seen);
  return end;
}
