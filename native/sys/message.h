#pragma once

#include <stddef.h>

namespace rooms::sys {

constexpr size_t kMaxMessageFds = 64;

// sendmsg(2) of one SEQPACKET record with descriptors attached (SCM_RIGHTS). Returns 0 or -errno.
int SendMessage(int socket, const void* data, size_t size, const int* fds, size_t fd_count, int flags);

// recvmsg(2); received descriptors are CLOEXEC and belong to the caller. Returns bytes, 0 at the end, or -errno.
long ReceiveMessage(int socket, void* data, size_t size, int* fds, size_t* fd_count, int flags);

}  // namespace rooms::sys
