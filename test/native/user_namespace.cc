#include "launch/user_namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

using namespace rooms;

// The namespace outlives the process that made it, that process is reaped, and bad maps are a fault with a reason.
int main() {
  if (geteuid() != 0) return 77;
  launch::Stack stack;
  CHECK(stack);
  int proc = open("/proc", O_PATH | O_DIRECTORY);
  sys::Fault fault;
  launch::IdMap map{0, 524288, 65536};
  struct stat own, made;
  CHECK(stat("/proc/self/ns/user", &own) == 0);
  ino_t last = 0;
  for (int i = 0; i < 50; ++i) {
    launch::UserNamespace user_namespace = launch::UserNamespace::Make(proc, stack, map, map, fault);
    ExpectNoFault(fault);
    CHECK(fstat(user_namespace.fd(), &made) == 0);
    CHECK(made.st_ino != own.st_ino);
    last = made.st_ino;
  }
  CHECK(last != 0);
  CHECK(waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD);

  launch::UserNamespace refused = launch::UserNamespace::Make(proc, stack, {0, 4294967295u, 2}, map, fault);
  refused.Reap();
  CHECK(!refused && fault.error == EINVAL && fault.step == std::string("userns.create"));
  CHECK(waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD);
  return 0;
}
