// What floor.c needs around the steps: its command line, and the protocol of a lane of the bench
// (bench/lanes/protocol.ts): one request per line on stdin, one line of JSON per answer, and the end of stdin ends it.

#ifndef FLOOR_LANE_H
#define FLOOR_LANE_H

#include <linux/filter.h>
#include <stdbool.h>

enum mode { SCRATCH, POOLNET, WARM };

struct lane {
  enum mode mode;
  char image[32];  // the loop device with PLANK
  int loop;        // keeps it until it is mounted
  struct sock_fprog filter;
  int cgroup;  // -1: none
};

// Reads the command line and opens what it names.
struct lane open_lane(int count, char** arguments);

// A failed step ends the lane with the reason as its answer; anything else is returned.
long check(const char* step, long result);

// Adds to what the report prints beside the numbers.
void note(const char* text);

void answer_ready(void);
// False at the end of stdin.
bool next_request(void);

struct sample {
  double first, exit;  // microseconds since begin
  bool good;           // the program wrote its byte and exited with 0
};

double now(void);
// Waits for the first byte of the program and for its end.
struct sample measure(double begin, int output, int pidfd);
void answer(struct sample sample);

#endif
