#pragma once

// A kernel for room-init that does nothing, and looks closely at what it is asked: pointers lead to readable memory,
// descriptors are some that were given. What it answers, and what comes over the control socket, is the fuzzer's input:
//
//   u16 n, n bytes of answers, then messages.
//   An answer is for one system call that may fail: below 240 it succeeds, else it fails in one of sixteen ways. When
//   there are none left, everything succeeds.
//   A message is u8 flags (0-63: descriptors, 64: some were cut off, 128: a signal came first), u16 size, the bytes.
//   What is mapped of a memfd is a message too, of which only the bytes count.

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <set>

namespace fuzz {

class Kernel {
 public:
  void Begin(const uint8_t* data, size_t size);

  long Call(long number, const long (&arguments)[6]);
  long Vfork(int (*entry)(void*), void* argument);

  jmp_buf end;                // exit_group comes back here
  bool (*may_run)();          // whether a program may be started now
  unsigned long started = 0;  // programs, of all inputs

 private:
  long Result(long success = 0);
  long NewFd();
  void CheckFd(long fd);
  long Receive(void* header);
  long Poll(void* where, long count);
  long Map(long size, long fd);
  long Wait(void* status);
  struct Message {
    uint8_t flags;
    const uint8_t* bytes;
    size_t size;
  };
  bool Next(Message& message);

  const uint8_t* answers_ = nullptr;
  size_t answers_left_ = 0;
  const uint8_t* messages_ = nullptr;
  size_t messages_left_ = 0;
  std::set<long> fds_;
  long next_fd_ = 3;
  long next_pid_ = 2;
  long next_wait_ = 2;
  int signals_ = 0;
  bool signalled_ = false;
  bool in_child_ = false;
  jmp_buf executed_;
};

extern Kernel kernel;

}  // namespace fuzz
