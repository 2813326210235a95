/* PR_SET_PDEATHSIG: a signal because the parent ended. */
#include "check.h"
#include <signal.h>
#include <sys/prctl.h>

int main(void)
{
    int result[2];
    char byte = 0;
    CHECK(pipe(result) == 0);
    pid_t child = forked();
    if (child == 0) {
        int ready[2];
        CHECK(pipe(ready) == 0);
        if (forked() == 0) {
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
            CHECK(write(ready[1], "*", 1) == 1 && sigwaitinfo(&set, NULL) == SIGUSR1);
            CHECK(write(result[1], "y", 1) == 1);
            _exit(0);
        }
        CHECK(read(ready[0], &byte, 1) == 1);
        _exit(2);
    }
    reap(child, 2 << 8);
    CHECK(read(result[0], &byte, 1) == 1 && byte == 'y');
    puts("told");
    return 0;
}
