#include "launch/network_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/abi.h"

namespace rooms::launch {

namespace {

bool RaiseLoopback(sys::Fault& fault) {
  sys::UniqueFd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_fd) return sys::Fail(fault, "netns.create", "socket", errno);
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (ioctl(socket_fd.get(), SIOCSIFFLAGS, &request) < 0) return sys::Fail(fault, "netns.create", "ioctl", errno, "lo");
  return true;
}

// No capability of a room counts here, so without this nothing in it could listen on port 80.
bool AllowLowPorts(const Workshop& workshop, sys::Fault& fault) {
  constexpr char kFile[] = "sys/net/ipv4/ip_unprivileged_port_start";
  sys::UniqueFd file(openat(workshop.proc.get(), kFile, O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), "0", 1) != 1) return sys::Fail(fault, "netns.create", "write", errno, kFile);
  return true;
}

}  // namespace

sys::UniqueFd MakeNetworkNamespace(const Workshop& workshop, sys::Fault& fault) {
  if (unshare(CLONE_NEWNET) < 0) {
    sys::Fail(fault, "netns.create", "unshare", errno);
    return {};
  }
  sys::UniqueFd made;
  if (RaiseLoopback(fault) && AllowLowPorts(workshop, fault)) {
    made.reset(openat(workshop.proc.get(), "thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!made) sys::Fail(fault, "netns.create", "openat", errno, "ns/net");
  }
  if (setns(workshop.home_network.get(), CLONE_NEWNET) < 0) abort();
  return made;
}

}  // namespace rooms::launch
