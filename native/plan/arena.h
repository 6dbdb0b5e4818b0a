#pragma once

#include <stddef.h>
#include <string.h>

#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

#include "plan/plan.h"

namespace rooms::plan {

// Memory of one plan: grows in blocks, is freed as a whole, never moves what it has handed out.
class Arena {
 public:
  void* Allocate(size_t size) {
    size = (size + 15) & ~size_t{15};
    if (size > left_) {
      left_ = size > kBlock ? size : kBlock;
      blocks_.push_back(std::make_unique<char[]>(left_));
      next_ = blocks_.back().get();
    }
    char* start = next_;
    next_ += size;
    left_ -= size;
    return start;
  }

  template <typename T>
  T* Array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 16);
    return new (Allocate(sizeof(T) * count)) T[count]{};
  }

  Text Copy(std::string_view text) {
    char* copy = static_cast<char*>(Allocate(text.size() + 1));
    memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
  }

 private:
  static constexpr size_t kBlock = 8192;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace rooms::plan
