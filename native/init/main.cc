// room-init: PID 1 of every room, and (as `room-keeper`) the process that removes an Anchor's cgroups when its embedder
// was killed. Static, no libc, no allocation; executed from a sealed memfd, so nothing in a room can reach a host file
// through /proc/1/exe.

#include "init/keeper.h"
#include "init/protocol.h"
#include "init/supervise.h"

extern "C" {

// The compiler may emit calls to these whatever the flags say.
void* memset(void* to, int value, unsigned long size) {
  char* p = static_cast<char*>(to);
  while (size--) *p++ = static_cast<char>(value);
  return to;
}

void* memcpy(void* to, const void* from, unsigned long size) {
  char* p = static_cast<char*>(to);
  const char* q = static_cast<const char*>(from);
  while (size--) *p++ = *q++;
  return to;
}

[[noreturn]] void Main(long* stack) {
  const char* const* argv = reinterpret_cast<const char* const*>(stack + 1);
  const char* mode = stack[0] > 0 ? argv[0] : "";
  const char* keeper = rooms::init::kRoomKeeper;
  unsigned i = 0;
  while (mode[i] && mode[i] == keeper[i]) ++i;
  if (mode[i] == keeper[i]) rooms::init::Keep();
  rooms::init::Supervise();
}

// The kernel enters here with argc on top of the stack; a C function cannot see that.
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xorl %ebp, %ebp\n"
    "  movq %rsp, %rdi\n"
    "  andq $-16, %rsp\n"
    "  call Main\n");
}
