#pragma once

#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/raw.h"

namespace rooms::sys {

// clone3(2) with a stack of the child's own: the child calls `entry(argument)` and exits with what that returns.
// A C function cannot do this, because with CLONE_VM parent and child would return through the same frame.
// Returns the pid, or -errno. Never returns in the child.
inline long CloneCall(const clone_args& args, int (*entry)(void*), void* argument) {
  long result;
  register long r8 __asm__("r8") = reinterpret_cast<long>(entry);
  register long r9 __asm__("r9") = reinterpret_cast<long>(argument);
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r9, %%rdi\n\t"
      "callq *%%r8\n\t"
      "movl %%eax, %%edi\n\t"
      "movl $231, %%eax\n\t"  // exit_group
      "syscall\n"
      "1:"
      : "=a"(result)
      : "a"(__NR_clone3), "D"(&args), "S"(sizeof args), "r"(r8), "r"(r9)
      : "rcx", "rdx", "r10", "r11", "memory");
  return result;
}

// The same with clone(2), for room-init: seccomp profiles deny clone3, whose flags they cannot see.
inline long VforkCall(unsigned long flags, void* stack_end, int (*entry)(void*), void* argument) {
  long result;
  register long r10 __asm__("r10") = 0;
  register long r8 __asm__("r8") = reinterpret_cast<long>(entry);
  register long r9 __asm__("r9") = reinterpret_cast<long>(argument);
  __asm__ volatile(
      "syscall\n\t"
      "testq %%rax, %%rax\n\t"
      "jnz 1f\n\t"
      "xorl %%ebp, %%ebp\n\t"
      "movq %%r9, %%rdi\n\t"
      "callq *%%r8\n\t"
      "movl %%eax, %%edi\n\t"
      "movl $231, %%eax\n\t"  // exit_group
      "syscall\n"
      "1:"
      : "=a"(result)
      : "a"(__NR_clone), "D"(flags), "S"(stack_end), "d"(0L), "r"(r10), "r"(r8), "r"(r9)
      : "rcx", "r11", "memory");
  return result;
}

}  // namespace rooms::sys
