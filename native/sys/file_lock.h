#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "sys/fault.h"
#include "sys/fd.h"

namespace rooms::sys {

// An open file description lock (fcntl(2), Linux 3.15) on the whole of a file: it goes with the process that holds it,
// however that ends, and closing another descriptor of the same file does not drop it, as it would with POSIX locks.
//
// `create` makes the file. Empty without a fault: somebody else holds it. `note` becomes the text of the file, for
// people. Returns the descriptor that holds the lock.
inline UniqueFd LockFile(const char* path, bool create, const std::string& note, Fault& fault) {
  int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (create ? O_CREAT : 0);
  // Twice is enough but for a crowd of others that remove the file at the same time.
  for (int attempt = 0; attempt < 8; ++attempt) {
    UniqueFd file(open(path, flags, 0600));
    if (!file) return Fail(fault, "lock.open", "openat", errno, path), UniqueFd();
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(file.get(), F_OFD_SETLK, &lock) < 0) {
      if (errno != EAGAIN && errno != EACCES) Fail(fault, "lock.take", "fcntl", errno, path);
      return UniqueFd();
    }
    // Who held it before may have removed the file: then this is a lock on a file that nobody else will find.
    struct stat held, named;
    if (fstat(file.get(), &held) < 0) return Fail(fault, "lock.take", "fstat", errno, path), UniqueFd();
    if (lstat(path, &named) < 0 || named.st_dev != held.st_dev || named.st_ino != held.st_ino) continue;
    if (!note.empty() && (ftruncate(file.get(), 0) < 0 || pwrite(file.get(), note.data(), note.size(), 0) < 0))
      return Fail(fault, "lock.note", "pwrite64", errno, path), UniqueFd();
    return file;
  }
  return Fail(fault, "lock.take", "lstat", EAGAIN, path), UniqueFd();
}

// Unlocks before it closes: a thread with a descriptor table of its own may have a copy of the descriptor.
inline void UnlockFile(int file) {
  struct flock lock {};
  lock.l_type = F_UNLCK;
  lock.l_whence = SEEK_SET;
  fcntl(file, F_OFD_SETLK, &lock);
  close(file);
}

}  // namespace rooms::sys
