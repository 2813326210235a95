/* Groups and sessions: who is in which, a signal to a whole group, what setpgid and setsid refuse. */
#include "check.h"
#include <signal.h>

int main(void)
{
    int ready[2], status;
    char byte;
    pid_t leader = 0;
    CHECK(pipe(ready) == 0);
    for (int i = 0; i < 5; i++) {
        pid_t child = forked();
        if (child == 0) {
            CHECK(setpgid(0, leader) == 0 && getpgrp() == (leader ? leader : getpid()));
            CHECK(write(ready[1], "*", 1) == 1);
            for (;;)
                pause();
        }
        if (i == 0)
            leader = child;
        CHECK(read(ready[0], &byte, 1) == 1 && getpgid(child) == leader && getsid(child) == getsid(0));
    }
    CHECK(kill(-leader, SIGTERM) == 0);
    for (int i = 0; i < 5; i++)
        CHECK(waitpid(-leader, &status, 0) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    CHECK_FAILS(kill(-leader, 0), ESRCH);

    pid_t child = forked();
    if (child == 0) {
        CHECK(setsid() == getpid() && getpgrp() == getpid() && getsid(0) == getpid());
        CHECK_FAILS(setpgid(0, 0), EPERM);
        CHECK_FAILS(setsid(), EPERM);
        _exit(0);
    }
    reap(child, 0);
    CHECK_FAILS(setpgid(1, 0), ESRCH);
    puts("groups and sessions");
    return 0;
}
