/* A program that would have its child run on from call to call, as a debugger does: while recorded it is refused, and
 * the child lives on. */
#include "check.h"
#include <signal.h>
#include <sys/ptrace.h>

int main(void)
{
    int status;
    pid_t child = forked();
    if (child == 0)
        for (;;)
            usleep(1000);
    CHECK(ptrace(PTRACE_SEIZE, child, NULL, NULL) == 0 && waitpid(child, &status, WNOHANG) == 0);
    CHECK(ptrace(PTRACE_INTERRUPT, child, NULL, NULL) == 0 && waitpid(child, &status, __WALL) == child);
    long driven = ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    if (recorded())
        CHECK(driven == -1 && errno == EPERM);
    CHECK(kill(child, SIGKILL) == 0);
    while (waitpid(child, &status, __WALL) == child && !WIFSIGNALED(status))
        ;
    CHECK(WTERMSIG(status) == SIGKILL);
    return 0;
}
