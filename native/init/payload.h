#pragma once

#include <stdint.h>

namespace rooms::init {

// The bytes behind a request, read front to back; whatever does not fit makes it broken, and then it gives nothing
// more.
class Payload {
 public:
  Payload(const char* bytes, uint32_t size) : bytes_(bytes), size_(size) {}

  // `count` values of T, or null.
  template <typename T>
  const T* Take(uint64_t count = 1) {
    uint64_t wanted = count * sizeof(T);
    if (broken_ || count > size_ || wanted > size_ - at_) return broken_ = true, nullptr;
    const T* values = reinterpret_cast<const T*>(bytes_ + at_);
    at_ += static_cast<uint32_t>(wanted);
    return values;
  }

  // The string at an offset from the start; the last byte of a payload with strings is 0, so that each one ends.
  const char* Text(uint32_t offset) {
    if (broken_ || offset >= size_ || bytes_[size_ - 1] != '\0') return broken_ = true, "";
    return bytes_ + offset;
  }

  // Points `to` at the next `count` strings and ends the array with a null; false when they do not fit.
  bool Strings(char** to, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      to[i] = const_cast<char*>(bytes_ + at_);
      while (at_ < size_ && bytes_[at_]) ++at_;
      if (at_++ >= size_) return broken_ = true, false;
    }
    to[count] = nullptr;
    return !broken_;
  }

  bool broken() const { return broken_; }
  uint32_t size() const { return size_; }

 private:
  const char* bytes_;
  uint32_t size_;
  uint32_t at_ = 0;
  bool broken_ = false;
};

}  // namespace rooms::init
