/* SECCOMP_MODE_STRICT: read, write, exit and nothing else. */
#include "seccomp.h"
#include <signal.h>

int main(void)
{
    int status;
    SKIP_UNLESS(prctl(PR_GET_SECCOMP) == 0, "a filter is inherited");
    for (int obeys = 0; obeys < 2; obeys++) {
        pid_t child = forked();
        if (child == 0) {
            CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
            CHECK(write(1, "still writes\n", 13) == 13);
            if (!obeys)
                syscall(SYS_getpid);
            syscall(SYS_exit, 6);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(obeys ? status == 6 << 8 : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    puts("strict");
    return 0;
}
