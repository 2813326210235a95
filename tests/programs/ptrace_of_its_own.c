/* A program that traces its child, as a debugger would: while recorded it is refused, and the child lives on.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <sys/ptrace.h>

int main(void)
{
    pid_t child = forked();
    if (child == 0)
        for (;;)
            usleep(1000);
    long seized = ptrace(PTRACE_SEIZE, child, NULL, NULL);
    int error = errno, status;
    printf("PTRACE_SEIZE: %ld\n", seized);
    if (recorded())
        CHECK(seized == -1 && error == EPERM);
    CHECK(waitpid(child, &status, WNOHANG) == 0 && kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
    return 0;
}
