/* A process that is killed by its sibling while it waits for a third. */
#include "check.h"
#include <signal.h>

int main(void)
{
    int never[2], ready[2];
    char byte;
    CHECK(pipe(never) == 0 && pipe(ready) == 0);
    pid_t victim = forked();
    if (victim == 0) {
        CHECK(write(ready[1], "*", 1) == 1);
        _exit(read(never[0], &byte, 1) == 1);
    }
    pid_t killer = forked();
    if (killer == 0) {
        CHECK(read(ready[0], &byte, 1) == 1);
        _exit(kill(victim, SIGKILL));
    }
    reap(victim, SIGKILL);
    reap(killer, 0);
    puts("killed");
    return 0;
}
