// System calls for floor.c: thin, and without libc. The child of a room runs on the memory of its parent, where errno
// and the locks of libc belong to the parent. All of them return what the kernel returns: the negative error number on
// failure.

#ifndef FLOOR_CALLS_H
#define FLOOR_CALLS_H

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stddef.h>
#include <sys/syscall.h>

#ifndef __x86_64__
#error "calls.h knows the system calls of x86_64 only"
#endif

static inline long raw(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#define PADDED(number, a, b, c, d, e, f, ...) \
  raw(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
// sys(SYS_name, up to six arguments of any type)
#define sys(...) PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

// clone3 with a function to run on the new stack; libc has no wrapper for it.
static inline long clone_room(struct clone_args* arguments, void (*child)(void)) {
  register void (*entry)(void) __asm__("r8") = child;
  long result;
  __asm__ volatile(
      "syscall\n\t"
      "test %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xor %%ebp, %%ebp\n\t"
      "call *%%r8\n\t"
      "ud2\n"
      "1:"
      : "=a"(result)
      : "a"(SYS_clone3), "D"(arguments), "S"(sizeof *arguments), "r"(entry)
      : "rcx", "r11", "memory");
  return result;
}

// A new file system as a mount that is not attached anywhere.
static inline long new_filesystem(const char* type, unsigned attributes, const char* key, const char* value) {
  long context = sys(SYS_fsopen, type, FSOPEN_CLOEXEC);
  if (context < 0) return context;
  long result = 0;
  if (key != NULL) result = sys(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
  if (result >= 0) result = sys(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
  if (result >= 0) result = sys(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  sys(SYS_close, context);
  return result;
}

// A second mount of the same tree, attached nowhere either.
static inline long clone_tree(long mount) {
  return sys(SYS_open_tree, mount, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static inline long attach(long mount, long directory, const char* path) {
  return sys(SYS_move_mount, mount, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH);
}

#endif
