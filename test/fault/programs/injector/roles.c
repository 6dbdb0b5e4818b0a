#include "roles.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

const char* const role_names[kRoles] = {"unknown",        "nobody",       "node",           "pool",  "anchor-launch",
                                        "anchor-prepare", "anchor-watch", "anchor-janitor", "maker", "child",
                                        "room-init",      "room-keeper",  "start"};

enum role role_by_name(const char* name) {
  for (int role = 0; role < kRoles; ++role)
    if (strcmp(role_names[role], name) == 0) return (enum role)role;
  return kUnknown;
}

// A number of /proc/PID/status, such as Tgid.
static pid_t number_of(pid_t tid, const char* field) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  FILE* file = fopen(path, "re");
  pid_t number = -1;
  size_t length = strlen(field);
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, field, length) == 0 && line[length] == ':') number = (pid_t)atoi(line + length + 1);
  if (file) fclose(file);
  return number;
}

static void name_of(pid_t tid, char* name, int size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/comm", tid);
  FILE* file = fopen(path, "re");
  if (!file || !fgets(name, size, file)) name[0] = '\0';
  if (file) fclose(file);
  name[strcspn(name, "\n")] = '\0';
}

static enum role by_thread_name(pid_t tid) {
  char name[32];
  name_of(tid, name, sizeof name);
  for (int role = kLaunch; role <= kJanitor; ++role)
    if (strcmp(role_names[role], name) == 0) return (enum role)role;
  return kPool;
}

enum role role_of_child(enum role parent, int event, pid_t child, pid_t program) {
  if (number_of(child, "Tgid") == program) return by_thread_name(child);
  if (parent == kLaunch || parent == kPrepare) return event == PTRACE_EVENT_CLONE ? kMaker : kChild;
  return parent == kRoomInit ? kStart : kNobody;
}

enum role renamed(enum role role, pid_t tid) {
  // Threads that are named at once by those that start them, and those that come from named ones.
  if (role == kPool || role == kLaunch) return by_thread_name(tid);
  if (role != kRoomInit) return role;
  char name[32];
  name_of(tid, name, sizeof name);
  return strcmp(name, role_names[kKeeper]) == 0 ? kKeeper : role;
}

static void each_number(const char* directory, pid_t program, void (*found)(pid_t, pid_t, void (*)(pid_t, enum role)),
                        void (*follow)(pid_t, enum role)) {
  DIR* entries = opendir(directory);
  for (struct dirent* entry; entries && (entry = readdir(entries));)
    if (atoi(entry->d_name) > 0) found((pid_t)atoi(entry->d_name), program, follow);
  if (entries) closedir(entries);
}

// NSpid has a number for each PID namespace that it is seen from.
static int in_own_namespace(pid_t pid) {
  char path[64], line[256];
  int first, second, numbers = 0;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE* file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, "NSpid:", 6) == 0) numbers = sscanf(line, "NSpid: %d %d", &first, &second);
  if (file) fclose(file);
  return numbers > 1;
}

static void thread(pid_t tid, pid_t program, void (*follow)(pid_t, enum role)) {
  follow(tid, tid == program ? kNode : by_thread_name(tid));
}

static void process(pid_t pid, pid_t program, void (*follow)(pid_t, enum role)) {
  char name[32];
  name_of(pid, name, sizeof name);
  if (number_of(pid, "PPid") != program) return;
  // room-keeper, which begins as room-init and may not have given itself its name yet, is in no PID namespace of its
  // own.
  if (strcmp(name, "room-init") == 0) follow(pid, in_own_namespace(pid) ? kRoomInit : kKeeper);
  if (strcmp(name, "room-keeper") == 0) follow(pid, kKeeper);
}

void each_to_follow(pid_t program, void (*follow)(pid_t tid, enum role role)) {
  char tasks[64];
  snprintf(tasks, sizeof tasks, "/proc/%d/task", program);
  each_number(tasks, program, thread, follow);
  each_number("/proc", program, process, follow);
}
