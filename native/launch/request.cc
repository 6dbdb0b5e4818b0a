#include "launch/request.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/message.h"

namespace rooms::launch {

namespace {

sys::UniqueFd InMemory(const char* bytes, size_t size, sys::Fault& fault) {
  sys::UniqueFd memory(memfd_create("request", MFD_CLOEXEC));
  if (!memory) sys::Fail(fault, "run.request", "memfd_create", errno);
  for (size_t at = 0; memory && at < size;) {
    ssize_t count = write(memory.get(), bytes + at, size - at);
    if (count > 0) {
      at += static_cast<size_t>(count);
    } else {
      sys::Fail(fault, "run.request", "write", errno);
      memory.reset();
    }
  }
  return memory;
}

bool SendPart(int control, const init::Request& header, std::string& bytes, const int* fds, size_t count,
              sys::Fault& fault) {
  memcpy(bytes.data(), &header, sizeof header);
  int sent = sys::SendMessage(control, bytes.data(), bytes.size(), fds, count, MSG_DONTWAIT);
  return sent < 0 ? sys::Fail(fault, "run.request", "sendmsg", sent) : true;
}

}  // namespace

bool Request::Send(int control, sys::Fault& fault) {
  constexpr size_t kMost = 64 << 20;  // execve takes a tenth of that
  if (bytes_.size() > kMost) return sys::Fail(fault, "run.exec", "execve", E2BIG);
  header_.size = position();
  sys::UniqueFd memory;
  if (header_.size > init::kMaxInline) {
    memory = InMemory(bytes_.data() + sizeof header_, header_.size, fault);
    if (!memory) return false;
    header_.in_memory = 1;
    bytes_.resize(sizeof header_);
  }
  if (memory) fds_.push_back(memory.get());
  const int* fds = fds_.data();
  size_t left = fds_.size();
  for (; left > init::kMaxRequestFds; left -= init::kMaxRequestFds, fds += init::kMaxRequestFds) {
    std::string carried(sizeof header_, '\0');
    init::Request carry{};
    carry.kind = init::RequestKind::kCarry;
    if (!SendPart(control, carry, carried, fds, init::kMaxRequestFds, fault)) return false;
  }
  return SendPart(control, header_, bytes_, fds, left, fault);
}

}  // namespace rooms::launch
