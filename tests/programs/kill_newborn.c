/* SIGKILL for children at every moment of their life: newborn, blocked, stopped, already dead. */
#include "check.h"
#include <signal.h>

int main(void)
{
    for (int round = 0; round < 30; round++) {
        pid_t child = forked();
        if (child == 0)
            for (;;)
                round % 2 ? pause() : usleep(100);
        if (round % 3 == 0)
            usleep(1000);
        if (round % 5 == 0) {
            CHECK(kill(child, SIGSTOP) == 0);
            int status;
            CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        }
        CHECK(kill(child, SIGKILL) == 0);
        reap(child, SIGKILL);
        CHECK_FAILS(kill(child, SIGKILL), ESRCH);
    }
    pid_t child = forked();
    if (child == 0)
        _exit(4);
    siginfo_t info;
    CHECK(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0);
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, 4 << 8);
    puts("thirty-one ended");
    return 0;
}
