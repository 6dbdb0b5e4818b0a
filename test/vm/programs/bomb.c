/*
 * bomb: makes processes that stay until the kernel refuses one, says how many there are, and fails.
 * bomb forever: every process makes processes and none of them ever stops trying.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int forever = argc > 1 && strcmp(argv[1], "forever") == 0;
    int made = 0;
    for (;;) {
        pid_t child = fork();
        if (child > 0) made++;
        if (forever) continue;
        if (child == 0) {
            for (;;) pause();
        }
        if (child < 0) {
            printf("made %d, then %s\n", made, errno == EAGAIN ? "EAGAIN" : strerror(errno));
            return 1;
        }
    }
}
