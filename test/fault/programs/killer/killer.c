// Runs a program, stops it at each of its system calls that changes a file system, whichever of its threads that is,
// and does something to it there:
//
//   killer kill N PROGRAM ARGUMENTS…                          SIGKILL before the Nth; 0: never
//   killer cut IMAGE DISK DIRECTORY DROP PROGRAM ARGUMENTS…   copies of the image, as cuts.h says
//
// At the end it prints how many calls there were, "calls N", and the copies.
//
// A seccomp filter stops the program at these calls alone. Sources: ptrace(2), PTRACE_EVENT_SECCOMP; seccomp(2),
// SECCOMP_RET_TRACE.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "cuts.h"

static long seen = 0, wanted = 0;
static int cutting = 0;
static struct cuts cuts;

static pid_t start(char** words) {
  pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    stop_at_changes();
    execvp(words[0], words);
    _exit(127);
  }
  int status;
  if (waitpid(child, &status, WUNTRACED) != child) exit(1);
  long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, child, 0, options) < 0) perror("PTRACE_SEIZE"), exit(1);
  kill(child, SIGCONT);
  return child;
}

// It writes "done" to stdout.
static int tells(pid_t tid, const struct user_regs_struct* registers) {
  char text[4];
  struct iovec here = {text, sizeof text}, there = {(void*)registers->rsi, sizeof text};
  return registers->orig_rax == SYS_write && registers->rdi == 1 &&
         process_vm_readv(tid, &here, 1, &there, 1, 0) == sizeof text && memcmp(text, "done", sizeof text) == 0;
}

// Whether the call is to be made.
static int before(pid_t child, pid_t tid) {
  struct user_regs_struct registers;
  ptrace(PTRACE_GETREGS, tid, 0, &registers);
  if (cutting && tells(tid, &registers)) cut(&cuts, 1);
  if (!changes(tid, &registers)) return 1;
  ++seen;
  if (!cutting) {
    // The call is not made: the whole group dies where it stands.
    if (seen == wanted) kill(child, SIGKILL);
    return seen != wanted;
  }
  cut(&cuts, 0);
  if (syncs(&registers) && dropped(&cuts, tid, &registers)) {
    // No call has this number, so none is made; it says that it went well.
    registers.orig_rax = (unsigned long long)-1;
    registers.rax = 0;
    ptrace(PTRACE_SETREGS, tid, 0, &registers);
  }
  return 1;
}

int main(int words, char** word) {
  char** program = NULL;
  if (words > 3 && strcmp(word[1], "kill") == 0) {
    wanted = atol(word[2]);
    program = word + 3;
  }
  if (words > 6 && strcmp(word[1], "cut") == 0) {
    cutting = 1;
    begin_cuts(&cuts, word[2], word[3], word[4], word[5]);
    program = word + 6;
  }
  if (!program) return 2;
  pid_t child = start(program);
  if (cutting) cut_all_the_time(&cuts);
  int status, end = 0;
  for (;;) {
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0) break;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (tid == child) end = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    int event = status >> 16, signal = WSTOPSIG(status);
    if (event == PTRACE_EVENT_SECCOMP && !before(child, tid)) continue;
    // Stops of the group and of new threads are no signals for the program.
    if (event != 0 || signal == SIGSTOP || signal == SIGTRAP) signal = 0;
    ptrace(PTRACE_CONT, tid, 0, (long)signal);
  }
  printf("calls %ld\n", seen);
  if (cutting) list_cuts();
  return end;
}
