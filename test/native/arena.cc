#include "plan/arena.h"

#include <stdint.h>

#include <string>
#include <vector>

#include "check.h"

using rooms::plan::Arena;

// What was handed out never moves and never overlaps, across blocks and beyond their size.
int main() {
  Arena arena;
  std::vector<const char*> copies;
  for (int i = 0; i < 5000; ++i) copies.push_back(arena.Copy(std::string(static_cast<size_t>(i % 97), 'a' + i % 26)));
  const char* large = arena.Copy(std::string(1 << 20, 'L'));
  uint64_t* numbers = arena.Array<uint64_t>(1000);
  for (int i = 0; i < 1000; ++i) CHECK(numbers[i] == 0);
  CHECK(reinterpret_cast<uintptr_t>(numbers) % alignof(uint64_t) == 0);
  CHECK(strlen(large) == 1 << 20);
  for (int i = 0; i < 5000; ++i)
    CHECK(copies[static_cast<size_t>(i)] == std::string(static_cast<size_t>(i % 97), 'a' + i % 26));
  CHECK(arena.Copy("")[0] == '\0');
  return 0;
}
