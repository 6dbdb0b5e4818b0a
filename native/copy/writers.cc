#include "copy/writers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "copy/source.h"
#include "sys/fd.h"

namespace rooms::copy {

bool NobodyWrites(const std::string& root, const std::vector<std::string>& paths, sys::Fault& fault) {
  sys::UniqueFd top(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return sys::Fail(fault, "tree.open", "openat", errno, root);
  for (const std::string& path : paths) {
    int opened = OpenBeneath(top.get(), path, O_RDONLY);
    if (opened < 0) return sys::Fail(fault, "copy.open", "openat2", opened, path);
    sys::UniqueFd file(opened);
    // The kernel grants it only while there is no writer. Whoever wants to become one in the moment that it is held
    // sends a signal, of which the default, SIGIO, would end this process.
    if (fcntl(opened, F_SETSIG, SIGURG) < 0 || fcntl(opened, F_SETLEASE, F_RDLCK) < 0)
      return sys::Fail(fault, "copy.writers", "fcntl", errno, path);
    fcntl(opened, F_SETLEASE, F_UNLCK);
  }
  return true;
}

}  // namespace rooms::copy
