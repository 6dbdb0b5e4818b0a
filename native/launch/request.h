#pragma once

#include <string.h>

#include <string>
#include <vector>

#include "init/protocol.h"
#include "sys/fault.h"

namespace rooms::launch {

// A request to room-init in the making: its payload and its descriptors, which stay the caller's.
class Request {
 public:
  explicit Request(init::RequestKind kind) : bytes_(sizeof(init::Request), '\0') { header_.kind = kind; }

  init::Request& header() { return header_; }

  template <typename T>
  void Add(const T& value) {
    AddBytes(&value, sizeof value);
  }
  void AddBytes(const void* data, size_t size) { bytes_.append(static_cast<const char*>(data), size); }
  void AddText(const char* text) { AddBytes(text, strlen(text) + 1); }
  // Where in the payload the next byte goes.
  uint32_t position() const { return static_cast<uint32_t>(bytes_.size() - sizeof(init::Request)); }

  // Which of the request's descriptors it is.
  int32_t AddFd(int fd) {
    fds_.push_back(fd);
    return static_cast<int32_t>(fds_.size() - 1);
  }

  // Never blocks: EAGAIN when hundreds of requests wait already, because the room is frozen or busy dying.
  bool Send(int control, sys::Fault& fault);

 private:
  init::Request header_{};
  std::string bytes_;
  std::vector<int> fds_;
};

}  // namespace rooms::launch
