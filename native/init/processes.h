#pragma once

#include <stdint.h>

namespace rooms::init {

// Which of room-init's children is which process of the embedder. Everything else that it reaps is an orphan.
class Processes {
 public:
  static constexpr unsigned kMost = 1024;

  bool full() const { return count_ == kMost; }

  void add(long pid, uint32_t process) { entries_[count_++] = {pid, process}; }

  bool remove(long pid, uint32_t* process) {
    for (unsigned i = 0; i < count_; ++i) {
      if (entries_[i].pid != pid) continue;
      *process = entries_[i].process;
      entries_[i] = entries_[--count_];
      return true;
    }
    return false;
  }

  // The pid cannot have been reused: only this process reaps it.
  long find(uint32_t process) const {
    for (unsigned i = 0; i < count_; ++i)
      if (entries_[i].process == process) return entries_[i].pid;
    return 0;
  }

 private:
  struct Entry {
    long pid;
    uint32_t process;
  };
  Entry entries_[kMost];
  unsigned count_ = 0;
};

}  // namespace rooms::init
