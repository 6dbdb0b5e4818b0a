// Lets system calls of one thread or process fail, or kills or stops whoever makes it. Counts all others meanwhile.
//
// A tracer like strace, which counts for each process by itself and cannot be told to meet only room-init: here a call
// is named by the role of whoever makes it. Of the thread of JavaScript it
// looks at what is between two calls of umask(2). Commands are lines on stdin, answers are lines on stdout:
//   begin PID [ROLE CALL NTH ERRNO TIMES ALONE]
//         follows PID's threads, its room-inits and all that they start; ERRNO below 0: a signal; so many calls of the kind
//         are met, from the NTH on; ALONE 1: whoever is met has the machine for itself until it ends, or for a while, as on
//         one with more processors
//   end   lets go of all of them: "count ROLE CALL N" for each, "hit N", "end"
// Source: ptrace(2).

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.h"

enum { kMostTracees = 512, kMostCalls = 512 };

struct tracee {
  pid_t tid;
  enum role role;
  int held;     // stopped before anybody said what it is
  int waiting;  // at a call, for whoever was met
  int pending;  // what the call at hand shall return
};

static struct tracee tracees[kMostTracees];
static int tracee_count;
static unsigned counts[kRoles][kMostCalls];
static pid_t program;
static int letting_go;
static int marked;  // the thread of JavaScript is in native code of the package

static struct {
  int armed, hit;
  enum role role;
  long call;
  unsigned nth, times;
  int error;  // below 0: a signal
  int alone;
} target;

static pid_t met;  // who has the machine for itself

static struct tracee* find(pid_t tid) {
  for (int i = 0; i < tracee_count; ++i)
    if (tracees[i].tid == tid) return &tracees[i];
  return NULL;
}

static struct tracee* add(pid_t tid, enum role role) {
  if (tracee_count == kMostTracees) {
    fprintf(stderr, "too many tracees\n");
    exit(1);
  }
  tracees[tracee_count] = (struct tracee){tid, role, 0, 0, 0};
  return &tracees[tracee_count++];
}

static void drop(pid_t tid) {
  struct tracee* gone = find(tid);
  if (gone) *gone = tracees[--tracee_count];
}

static void detach(pid_t tid, int signal) {
  ptrace(PTRACE_DETACH, tid, 0, (long)signal);
  drop(tid);
}

static void proceed(struct tracee* tracee, int signal) {
  if (letting_go || tracee->role == kNobody)
    detach(tracee->tid, signal);
  else
    ptrace(PTRACE_SYSCALL, tracee->tid, 0, (long)signal);
}

static void set_register(pid_t tid, size_t offset, long value) { ptrace(PTRACE_POKEUSER, tid, offset, value); }

// Whoever is met makes a call that changes nothing instead, and finds the error as its result.
static void meet(struct tracee* tracee) {
  target.hit++;
  if (target.alone) met = tracee->tid;
  if (target.error < 0) {
    syscall(SYS_tkill, tracee->tid, -target.error);
    return;
  }
  set_register(tracee->tid, offsetof(struct user, regs.orig_rax), SYS_getpid);
  tracee->pending = target.error;
}

static void at_call(struct tracee* tracee) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (tracee->pending) set_register(tracee->tid, offsetof(struct user, regs.rax), -(long)tracee->pending);
    tracee->pending = 0;
    return;
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr >= kMostCalls || letting_go) return;
  if (tracee->role == kNode && info.entry.nr == SYS_umask) marked = !marked;
  if (tracee->role == kNode && (!marked || info.entry.nr == SYS_umask)) return;
  // Threads and processes give themselves a name when they begin.
  tracee->role = renamed(tracee->role, tracee->tid);
  unsigned nth = ++counts[tracee->role][info.entry.nr];
  bool meant = target.armed && tracee->role == target.role && (long)info.entry.nr == target.call;
  if (meant && nth >= target.nth && nth - target.nth < target.times) meet(tracee);
}

// It is over, or it waits for somebody itself.
static void let_others_go_on(void) {
  met = 0;
  for (int i = 0; i < tracee_count; ++i) {
    if (!tracees[i].waiting) continue;
    tracees[i].waiting = 0;
    proceed(&tracees[i], 0);
  }
}

static void at_birth(struct tracee* parent, int event) {
  unsigned long born = 0;
  if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &born) < 0) return;
  struct tracee* tracee = find((pid_t)born);
  if (!tracee) tracee = add((pid_t)born, kUnknown);
  tracee->role = role_of_child(parent->role, event, (pid_t)born, program);
  if (tracee->held) proceed(tracee, 0);
}

static void at_stop(pid_t tid, int status) {
  struct tracee* tracee = find(tid);
  if (!tracee) tracee = add(tid, kUnknown);
  int signal = WSTOPSIG(status), event = status >> 16;
  if (signal == (SIGTRAP | 0x80)) {
    at_call(tracee);
    if (met && met != tid && tracee->role != target.role && !letting_go) {
      tracee->waiting = 1;
      return;
    }
    return proceed(tracee, 0);
  }
  switch (event) {
    case 0:
      return proceed(tracee, signal);
    case PTRACE_EVENT_CLONE:
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
      at_birth(tracee, event);
      tracee = find(tid);
      return proceed(tracee, 0);
    case PTRACE_EVENT_EXEC:
      tracee->role = tracee->role == kChild ? kRoomInit : kNobody;
      return proceed(tracee, 0);
    case PTRACE_EVENT_STOP:
      if (tracee->role == kUnknown && !letting_go) {
        tracee->held = 1;
        return;
      }
      // A stop of the whole process: it stays stopped, also when we let go of it.
      if (signal != SIGTRAP && !letting_go) {
        ptrace(PTRACE_LISTEN, tid, 0, 0);
        return;
      }
      return proceed(tracee, 0);
    default:
      return proceed(tracee, 0);
  }
}

static void take_stops(void) {
  for (int status;;) {
    pid_t tid = waitpid(-1, &status, WNOHANG | __WALL);
    if (tid <= 0) return;
    if (WIFSTOPPED(status)) {
      at_stop(tid, status);
    } else {
      drop(tid);
      if (tid == met) let_others_go_on();
    }
  }
}

static void attach(pid_t tid, enum role role) {
  const long options =
      PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;
  if (find(tid) || role == kNobody || ptrace(PTRACE_SEIZE, tid, 0, options) < 0) return;
  add(tid, role);
  ptrace(PTRACE_INTERRUPT, tid, 0, 0);
  // It must have begun to be watched when we say so: a thread that sleeps in a call is watched from its next one on.
  int status;
  if (waitpid(tid, &status, __WALL) != tid) return;
  if (WIFSTOPPED(status))
    at_stop(tid, status);
  else
    drop(tid);
}

static void begin(const char* line) {
  char role[32];
  memset(counts, 0, sizeof counts);
  memset(&target, 0, sizeof target);
  letting_go = marked = met = 0;
  int fields = sscanf(line, "begin %d %31s %ld %u %d %u %d", &program, role, &target.call, &target.nth, &target.error,
                      &target.times, &target.alone);
  if (fields == 7) {
    target.role = role_by_name(role);
    target.armed = 1;
  }
  each_to_follow(program, attach);
  printf("begun\n");
}

static void end(void) {
  letting_go = 1;
  met = 0;
  for (int i = 0; i < tracee_count; ++i) {
    struct tracee* tracee = &tracees[i];
    if (tracee->held || tracee->waiting)
      detach(tracee->tid, 0), --i;
    else
      ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0);
  }
  while (tracee_count > 0) {
    int status;
    pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0 && errno == ECHILD) break;
    if (tid > 0 && WIFSTOPPED(status))
      at_stop(tid, status);
    else if (tid > 0)
      drop(tid);
  }
  tracee_count = 0;
  for (int role = 0; role < kRoles; ++role)
    for (int call = 0; call < kMostCalls; ++call)
      if (counts[role][call]) printf("count %s %d %u\n", role_names[role], call, counts[role][call]);
  printf("hit %d\nend\n", target.hit);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  int stops = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  char line[256];
  for (;;) {
    struct pollfd watched[2] = {{0, POLLIN, 0}, {stops, POLLIN, 0}};
    // Longer than anybody needs to come to its end, and shorter than what anybody waits for.
    const int patience = 200;
    int ready = poll(watched, 2, met ? patience : -1);
    if (met && ready == 0) let_others_go_on();
    struct signalfd_siginfo told;
    while (read(stops, &told, sizeof told) > 0) {
    }
    take_stops();
    if (!watched[0].revents) continue;
    // One command at a time is on its way: its answer is waited for.
    ssize_t size = read(0, line, sizeof line - 1);
    if (size <= 0) return 0;
    line[size] = '\0';
    if (strncmp(line, "begin ", 6) == 0)
      begin(line);
    else
      end();
  }
}
