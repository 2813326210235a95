/* A process is killed while it forks without end: every child it made must run, whether its parent told of it or not. */
#include "check.h"
#include <signal.h>

int main(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (int round = 0; round < 40; round++) {
        pid_t parent = forked();
        if (parent == 0) {
            close(ends[0]);
            for (;;) {
                pid_t child = fork();
                if (child == 0) {
                    usleep(500);
                    _exit(0);
                }
                if (child < 0)
                    usleep(100);
            }
        }
        usleep(300 * (round % 7) + 100);
        CHECK(kill(parent, SIGKILL) == 0);
        reap(parent, SIGKILL);
    }
    close(ends[1]);
    char byte;
    /* The end of the file: all that held the other end are gone. */
    CHECK(read(ends[0], &byte, 1) == 0);
    puts("all gone");
    return 0;
}
