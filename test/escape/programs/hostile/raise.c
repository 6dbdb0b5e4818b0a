// raise: every way to get a capability, or what gives capabilities at the next execve. Prints `NAME ERROR` for each try
// and then what /proc/self/status says of it after all of them.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

#include "hostile.h"

static void set(const char* name, uint32_t effective, uint32_t permitted, uint32_t inheritable) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{effective, permitted, inheritable}, {effective, permitted, inheritable}};
  report(name, syscall(SYS_capset, &header, sets));
}

int raise_all(int count, char** words) {
  set("capset(effective)", ~0u, ~0u, 0);
  set("capset(permitted)", 0, ~0u, 0);
  set("capset(inheritable)", 0, 0, ~0u);
  set("capset(inheritable of one)", 0, 0, 1u << CAP_SYS_ADMIN);
  int raised = 0;
  for (int cap = 0; cap < 64; cap++) raised += prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0;
  printf("ambient %d\n", raised);
  report("securebits(0)", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
  report("securebits(NOROOT off)", prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0));
  report("keepcaps", prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
  report("no_new_privs(0)", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
  report("seccomp(disable)", prctl(PR_SET_SECCOMP, 0, 0, 0, 0));
  // A capability of a file for whoever executes it: version 2, all of them, effective at once.
  unsigned file_caps[5] = {0x02000001, ~0u, ~0u, ~0u, ~0u};
  int file = open("/tmp/raised", O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
  report("setxattr(security.capability)", fsetxattr(file, "security.capability", file_caps, sizeof file_caps, 0));
  close(file);
  report("setuid(0)", setuid(0));
  fflush(stdout);
  // What is left after the next execve counts.
  if (count > 0) execvp(words[0], words);
  return 1;
}
