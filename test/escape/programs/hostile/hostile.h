// One program with every attack that a shell cannot make. Each source file has the attacks of one subject; main.c has
// their names. What an attack achieves is printed, one line for each try; how it is judged is up to the test.
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// The attacks. `words` are the arguments after the attack's name.
int verdicts(int count, char** words);     // verdicts.c
int execute_all(int count, char** words);  // execute.c
int leave(int count, char** words);        // channels.c
int look(int count, char** words);         // channels.c
int namespaces(int count, char** words);   // namespaces.c
int page_cache(int count, char** words);   // page_cache.c
int foreign(int count, char** words);      // foreign.c
int ia32(int count, char** words);         // foreign.c
int retrace(int count, char** words);      // retrace.c
int raise_all(int count, char** words);    // raise.c
int reach(int count, char** words);        // reach.c
int surface(int count, char** words);      // surface.c
int swarm(int count, char** words);        // swarm.c
int exhaust(int count, char** words);      // exhaust.c
int shocker(int count, char** words);      // shocker.c
int climb(int count, char** words);        // climb.c
int spare(int count, char** words);        // exhaust.c

// `NAME ERROR`, or `NAME 0` when the kernel did it.
static inline void report(const char* name, long result) {
  printf("%s %s\n", name, result == -1 ? strerrorname_np(errno) : "0");
  fflush(stdout);
}
