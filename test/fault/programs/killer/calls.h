#pragma once

#include <sys/types.h>
#include <sys/user.h>

// In the child: its calls that can change a file system stop it from now on, and all others are as fast as without.
void stop_at_changes(void);

// Whether this one does: writes to pipes and eventfds, and openings that make nothing, change no file system.
int changes(pid_t tid, const struct user_regs_struct* registers);

// Whether it is one that brings something to the disk.
int syncs(const struct user_regs_struct* registers);
