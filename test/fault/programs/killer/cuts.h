#pragma once

#include <sys/types.h>
#include <sys/user.h>

// Copies of the image of a disk, each as a power cut would leave it at that moment: what the kernel has not written to
// the device yet is not in it. Made by FICLONE, which takes the same moment of all of the file, and a moment only.
struct cuts {
  int image, stat, directory;
  const char* drop;  // which fsync(2) are left out: none, all, files, directories
};

// `disk`: of /sys/block, the loop device with the image. Exits when something of it is not there.
void begin_cuts(struct cuts* cuts, const char* image, const char* disk, const char* directory, const char* drop);

// Takes one where the disk has changed since the last. `told`: the program has said that it is done.
void cut(struct cuts* cuts, int told);

// Takes them from a thread of its own as well, because much happens inside of one call.
void cut_all_the_time(struct cuts* cuts);

// Says which there are, a line for each: its number, and whether it was told by then.
void list_cuts(void);

// Whether this call, one that brings something to the disk, is one of those to leave out.
int dropped(const struct cuts* cuts, pid_t tid, const struct user_regs_struct* registers);
