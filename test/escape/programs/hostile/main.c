#include "hostile.h"

static const struct {
  const char* name;
  int (*run)(int count, char** words);
} attacks[] = {
    {"verdicts", verdicts},     {"execute", execute_all},   {"leave", leave},     {"look", look},
    {"namespaces", namespaces}, {"page-cache", page_cache}, {"foreign", foreign}, {"ia32", ia32}, {"retrace", retrace},
    {"raise", raise_all},       {"reach", reach},           {"surface", surface}, {"swarm", swarm},
    {"exhaust", exhaust},       {"spare", spare},           {"shocker", shocker}, {"climb", climb},
};

int main(int count, char** words) {
  for (size_t i = 0; count > 1 && i < sizeof attacks / sizeof *attacks; i++)
    if (strcmp(words[1], attacks[i].name) == 0) return attacks[i].run(count - 2, words + 2);
  fprintf(stderr, "hostile: no such attack\n");
  return 2;
}
