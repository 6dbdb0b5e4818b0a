#pragma once

#include <unistd.h>

#include <set>

#include "sys/file_lock.h"

namespace rooms::bridge {

// What one environment holds: a worker thread that is terminated gives nothing back by itself.
struct Claims {
  std::set<int> names;      // sockets with an abstract name
  std::set<int> locks;      // files with a lock
  std::set<int> mounts;     // of drives, in no mount namespace
  std::set<int> dropzones;  // detached mounts
  ~Claims() {
    for (int fd : names) close(fd);
    for (int fd : locks) sys::UnlockFile(fd);
    for (int fd : mounts) close(fd);
    for (int fd : dropzones) close(fd);
  }
};

}  // namespace rooms::bridge
