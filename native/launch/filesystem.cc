#include "launch/filesystem.h"

#include <unistd.h>

#include "sys/mount_api.h"

namespace rooms::launch {

namespace {

// A file system context collects messages such as "e squashfs: Filesystem uses unknown compression"; fsopen(2).
std::string ReadLog(int context) {
  std::string log;
  char line[256];
  for (ssize_t size; (size = read(context, line, sizeof line)) > 0;) {
    if (!log.empty()) log += "; ";
    log.append(line, static_cast<size_t>(size));
    while (!log.empty() && log.back() == '\n') log.pop_back();
  }
  return log;
}

}  // namespace

sys::UniqueFd NewFilesystem(const char* step, const char* type, const std::vector<FilesystemOption>& options,
                            unsigned attributes, sys::Fault& fault) {
  int opened = sys::Fsopen(type);
  if (opened < 0) {
    sys::Fail(fault, step, "fsopen", opened, type);
    return {};
  }
  sys::UniqueFd context(opened);
  for (const FilesystemOption& option : options) {
    int result = option.value.empty() ? sys::FsconfigFlag(context.get(), option.key)
                                      : sys::FsconfigString(context.get(), option.key, option.value.c_str());
    if (result < 0) {
      sys::Fail(fault, step, "fsconfig", result, option.key);
      fault.detail = ReadLog(context.get());
      return {};
    }
  }
  int created = sys::FsconfigCreate(context.get());
  int mount = created < 0 ? created : sys::Fsmount(context.get(), attributes);
  if (mount < 0) {
    sys::Fail(fault, step, created < 0 ? "fsconfig" : "fsmount", mount, type);
    fault.detail = ReadLog(context.get());
    return {};
  }
  return sys::UniqueFd(mount);
}

}  // namespace rooms::launch
