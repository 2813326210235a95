/* SECCOMP_RET_KILL_THREAD and KILL_PROCESS: death by SIGSYS that no handler sees. */
#include "seccomp.h"
#include <signal.h>
#include <sys/resource.h>

static void never(int signal) { _exit(signal); }

int main(void)
{
    static const unsigned actions[] = {SECCOMP_RET_KILL, SECCOMP_RET_KILL_PROCESS};
    CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
    for (int i = 0; i < 2; i++) {
        pid_t child = forked();
        if (child == 0) {
            signal(SIGSYS, never);
            CHECK(filter_syscall(SYS_getppid, actions[i], 0) == 0 && getpid() > 0);
            syscall(SYS_getppid);
            _exit(1);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
    puts("two deaths");
    return 0;
}
