#include "launch/idmap.h"

#include <errno.h>

#include <utility>

#include "launch/user_namespace.h"
#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

// What is missing for the moment, and says nothing about the file system.
bool Passes(int error) {
  constexpr int kPassing[] = {EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOMEM};
  for (int passing : kPassing)
    if (error == passing) return true;
  return false;
}

}  // namespace

bool TryIdmap(const Workshop& workshop, const Stack& stack, int mount, bool& takes, sys::Fault& fault) {
  IdMap shift{0, 524288, 65536};
  sys::Fault found;
  UserNamespace user_namespace = UserNamespace::Make(workshop.proc.get(), stack, shift, shift, found);
  int set = user_namespace ? sys::MountSetattr(mount, 0, false, user_namespace.fd()) : -1;
  if (user_namespace && set < 0) sys::Fail(found, "idmap.try", "mount_setattr", set);
  takes = set == 0;
  if (!Passes(found.error)) return true;
  fault = std::move(found);
  return false;
}

}  // namespace rooms::launch
