#include "launch/init_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/abi.h"

namespace rooms::launch {

// /proc/1/exe of a room leads to this copy and not to a file of the host.
bool SealInit(Workshop& workshop, const char* path, sys::Fault& fault) {
  int opened = OpenHost(workshop, path, O_RDONLY);
  if (opened < 0) return sys::Fail(fault, "init.open", "openat2", opened, path);
  sys::UniqueFd file(opened);
  struct stat info;
  if (fstat(file.get(), &info) < 0) return sys::Fail(fault, "init.open", "fstat", errno, path);

  unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int created = memfd_create("room-init", flags | MFD_EXEC);
  if (created < 0 && errno == EINVAL) created = memfd_create("room-init", flags);  // before Linux 6.3
  if (created < 0) return sys::Fail(fault, "init.seal", "memfd_create", errno, path);
  sys::UniqueFd copy(created);
  for (off_t at = 0; at < info.st_size;) {
    if (sendfile(copy.get(), file.get(), &at, static_cast<size_t>(info.st_size - at)) <= 0)
      return sys::Fail(fault, "init.seal", "sendfile", errno, path);
  }
  if (fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
    return sys::Fail(fault, "init.seal", "fcntl", errno, path);
  // To be executed and not opened, by whoever comes across it in a room: then nobody can lock it, and what runs from a
  // file that cannot be read is not dumpable from its first instruction on.
  if (fchmod(copy.get(), 0111) < 0) return sys::Fail(fault, "init.seal", "fchmod", errno, path);
  // execve refuses (ETXTBSY) what is open for writing, so hand out a second, read-only opening.
  char link[48];
  snprintf(link, sizeof link, "/proc/thread-self/fd/%d", copy.get());
  workshop.init.reset(openat(workshop.proc.get(), link + sizeof "/proc/" - 1, O_RDONLY | O_CLOEXEC));
  if (!workshop.init) return sys::Fail(fault, "init.seal", "openat", errno, link);
  return true;
}

}  // namespace rooms::launch
