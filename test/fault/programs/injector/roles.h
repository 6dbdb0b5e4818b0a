#pragma once

// Who makes a call, as the tests name it.

#include <sys/types.h>

enum role {
  kUnknown,
  kNobody,  // not followed
  kNode,    // the thread of JavaScript
  kPool,    // any other thread of Node, and threads that have no name yet
  kLaunch,
  kPrepare,
  kWatch,
  kJanitor,
  kMaker,  // the process that a user namespace is made with
  kChild,  // between clone3 and execveat
  kRoomInit,
  kKeeper,
  kStart,  // a child of room-init before execve
  kRoles
};

extern const char* const role_names[kRoles];

enum role role_by_name(const char* name);

// Of what `parent` has just made; `event` says how.
enum role role_of_child(enum role parent, int event, pid_t child, pid_t program);

// What has given itself another name since.
enum role renamed(enum role role, pid_t tid);

// Threads of the program, and the room-inits that it has.
void each_to_follow(pid_t program, void (*follow)(pid_t tid, enum role role));
