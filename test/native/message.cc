#include "sys/message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

using namespace rooms::sys;

// A record arrives whole with its descriptors, which are ours alone and CLOEXEC; the end of the stream is 0.
int main() {
  int ends[2], pipe_ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  CHECK(pipe(pipe_ends) == 0);

  int value = 42, received = 0, fds[kMaxMessageFds];
  size_t count = 99;
  CHECK(SendMessage(ends[0], &value, sizeof value, pipe_ends, 2, 0) == 0);
  CHECK(ReceiveMessage(ends[1], &received, sizeof received, fds, &count, 0) == sizeof received);
  CHECK(received == 42 && count == 2);
  CHECK(fds[0] != pipe_ends[0] && (fcntl(fds[0], F_GETFD) & FD_CLOEXEC));
  CHECK(write(fds[1], "x", 1) == 1);
  char byte = 0;
  CHECK(read(pipe_ends[0], &byte, 1) == 1 && byte == 'x');

  CHECK(SendMessage(ends[0], &value, sizeof value, nullptr, 0, 0) == 0);
  CHECK(ReceiveMessage(ends[1], &received, sizeof received, fds, &count, 0) == sizeof received && count == 0);
  CHECK(ReceiveMessage(ends[1], &received, sizeof received, fds, &count, MSG_DONTWAIT) == -EAGAIN);
  int none = -1;
  CHECK(SendMessage(ends[0], &value, sizeof value, &none, 1, 0) == -EBADF);
  close(ends[0]);
  CHECK(ReceiveMessage(ends[1], &received, sizeof received, fds, &count, 0) == 0);
  CHECK(SendMessage(ends[1], &value, sizeof value, nullptr, 0, 0) == -EPIPE);
  return 0;
}
