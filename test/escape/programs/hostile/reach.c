// reach ADDRESS…: tries to reach somebody at each, `@name` or `/path` for Unix sockets of every type, `tcp:IP:PORT` and
// `udp:IP:PORT` for others. `@` at the begin and end of a name stands for NUL, as in /proc/net/unix. Prints `ADDRESS
// ERROR`, or `ADDRESS reached`.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hostile.h"

static int reach_unix(const char* name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t size = strlen(name);
  if (size > sizeof address.sun_path) size = sizeof address.sun_path;
  memcpy(address.sun_path, name, size);
  if (name[0] == '@') {
    address.sun_path[0] = '\0';
    for (size_t i = size; i > 1 && name[i - 1] == '@'; i--) address.sun_path[i - 1] = '\0';
  }
  int types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
  for (int i = 0; i < 3; i++) {
    int fd = socket(AF_UNIX, types[i], 0);
    int result = connect(fd, (struct sockaddr*)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    int error = errno;
    close(fd);
    if (result == 0) return 1;
    errno = error;
  }
  return 0;
}

static int reach_inet(char* words) {
  int stream = words[0] == 't';
  char* port = strrchr(words, ':');
  *port = '\0';
  const char* host = words + 4;
  int six = strchr(host, ':') != 0;
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port + 1))};
  struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port + 1))};
  inet_pton(six ? AF_INET6 : AF_INET, host, six ? (void*)&a6.sin6_addr : (void*)&a4.sin_addr);
  *port = ':';
  int fd = socket(six ? AF_INET6 : AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
  int result = connect(fd, six ? (struct sockaddr*)&a6 : (struct sockaddr*)&a4, six ? sizeof a6 : sizeof a4);
  // A datagram socket connects to anywhere that there is a route to; whether one arrives only the other end knows.
  if (result == 0 && !stream) result = send(fd, "reached", 7, 0) == 7 ? 0 : -1;
  int error = errno;
  close(fd);
  errno = error;
  return result == 0;
}

int reach(int count, char** words) {
  for (int i = 0; i < count; i++) {
    int unix_name = words[i][0] == '@' || words[i][0] == '/';
    int reached = unix_name ? reach_unix(words[i]) : reach_inet(words[i]);
    printf("%s %s\n", words[i], reached ? "reached" : strerrorname_np(errno));
  }
  return 0;
}
