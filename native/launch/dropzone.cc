#include "launch/dropzone.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "launch/filesystem.h"
#include "sys/loop.h"
#include "sys/mount_api.h"

namespace rooms::launch {

sys::UniqueFd MakeDropzone(const DropzoneOrder& order, sys::Fault& fault) {
  // A file with holes would let the room find the disk full that others have filled, as an I/O error long after its
  // write().
  if (fallocate(order.image, 0, 0, order.bytes) < 0)
    return sys::Fail(fault, "dropzone.space", "fallocate", errno), sys::UniqueFd();
  sys::UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return sys::Fail(fault, "dropzone.mount", "openat", errno, "/"), sys::UniqueFd();
  sys::LoopDevice loop;
  if (!sys::AttachLoop(root.get(), order.image, true, loop, fault)) return {};
  sys::UniqueFd mount =
      NewFilesystem("dropzone.mount", "ext4", {{"source", loop.path}, {"errors", "remount-ro"}, {"noinit_itable", ""}},
                    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, fault);
  if (!mount) return {};
  // What mkfs made is not what the room left.
  if (unlinkat(mount.get(), "lost+found", AT_REMOVEDIR) < 0 && errno != ENOENT)
    return sys::Fail(fault, "dropzone.mount", "unlinkat", errno, "lost+found"), sys::UniqueFd();
  if (fchownat(mount.get(), "", order.uid, order.gid, AT_EMPTY_PATH) < 0)
    return sys::Fail(fault, "dropzone.mount", "fchownat", errno), sys::UniqueFd();
  return mount;
}

bool SealDropzone(int dropzone, sys::Fault& fault) {
  int picked = sys::Fspick(dropzone);
  if (picked < 0) return sys::Fail(fault, "dropzone.seal", "fspick", picked);
  sys::UniqueFd context(picked);
  int set = sys::FsconfigFlag(context.get(), "ro");
  if (set == 0) set = sys::FsconfigReconfigure(context.get());
  return set == 0 || sys::Fail(fault, "dropzone.seal", "fsconfig", set);
}

}  // namespace rooms::launch
