#include "init/request.h"

#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "init/failure.h"
#include "sys/raw.h"

namespace rooms::init {

using sys::Arg;
using sys::Raw;

namespace {

struct {
  alignas(8) Request request;
  alignas(8) char payload[kMaxInline];  // what a payload begins with has members of eight bytes
} message;
static_assert(offsetof(decltype(message), payload) == sizeof(Request));

// The payload of the last request, where that lay in a memfd.
void* mapped = nullptr;
uint32_t mapped_size = 0;

bool Map(Received& received, Failure& failure) {
  if (received.fd_count == 0) return false;
  int memory = received.fds[--received.fd_count];
  // Private: what is read is what was sent, and strings may be pointed into.
  long at = Raw(__NR_mmap, 0, received.request.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, memory, 0);
  Raw(__NR_close, memory);
  if (at > -4096 && Failed(failure, at, "room.request", "mmap")) return false;
  mapped = reinterpret_cast<void*>(at);
  mapped_size = received.request.size;
  received.payload = static_cast<const char*>(mapped);
  return true;
}

}  // namespace

void Received::CloseFds() {
  for (unsigned i = 0; i < fd_count; ++i) Raw(__NR_close, fds[i]);
  fd_count = 0;
}

bool Receive(Received& received, Failure& failure) {
  if (mapped) Raw(__NR_munmap, Arg(mapped), mapped_size);
  mapped = nullptr;
  iovec part{&message, sizeof message};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxRequestFds * sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  long size = Raw(__NR_recvmsg, kControlFd, Arg(&header), MSG_CMSG_CLOEXEC);
  if (Failed(failure, size, "room.request", "recvmsg")) return false;
  if (size < static_cast<long>(sizeof message.request)) return false;
  received.request = message.request;
  received.payload = message.payload;
  received.fd_count = 0;
  received.cut = (header.msg_flags & MSG_CTRUNC) != 0;
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
    received.fd_count = static_cast<unsigned>((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    const int* fds = reinterpret_cast<const int*>(CMSG_DATA(rights));
    for (unsigned i = 0; i < received.fd_count; ++i) received.fds[i] = fds[i];
  }
  if (received.request.in_memory) return received.cut || Map(received, failure);
  return received.request.size == static_cast<uint32_t>(size) - sizeof message.request;
}

}  // namespace rooms::init
