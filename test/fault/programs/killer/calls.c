#include "calls.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int changing[] = {
    SYS_write,     SYS_pwrite64,        SYS_writev,    SYS_open,     SYS_openat,    SYS_creat,
    SYS_mkdir,     SYS_mkdirat,         SYS_rename,    SYS_renameat, SYS_renameat2, SYS_link,
    SYS_linkat,    SYS_symlink,         SYS_symlinkat, SYS_unlink,   SYS_unlinkat,  SYS_rmdir,
    SYS_fsync,     SYS_fdatasync,       SYS_ftruncate, SYS_fchmod,   SYS_chmod,     SYS_fchmodat,
    SYS_fallocate, SYS_sync_file_range,
};
enum { kChanging = sizeof changing / sizeof changing[0] };

void stop_at_changes(void) {
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

int changes(pid_t tid, const struct user_regs_struct* registers) {
  long call = (long)registers->orig_rax;
  if (call == SYS_openat) return (registers->rdx & O_CREAT) != 0;
  if (call == SYS_open) return (registers->rsi & O_CREAT) != 0;
  if (call != SYS_write && call != SYS_writev) return 1;
  char path[64], target[16] = "";
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)tid, (int)registers->rdi);
  return readlink(path, target, sizeof target - 1) > 0 && target[0] == '/' && strncmp(target, "/dev/", 5) != 0;
}

int syncs(const struct user_regs_struct* registers) {
  long call = (long)registers->orig_rax;
  return call == SYS_fsync || call == SYS_fdatasync || call == SYS_sync_file_range;
}
