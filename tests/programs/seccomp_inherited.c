/* A filter stays over fork and exec, and cannot be shaken off by either. */
#include "seccomp.h"
#include <signal.h>
#include <sys/mman.h>

int main(int count, char **arguments)
{
    if (count > 1) {
        CHECK_FAILS(syscall(SYS_getppid), 99);
        CHECK(prctl(PR_GET_SECCOMP) == 2 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
        int left = atoi(arguments[1]);
        if (left == 0)
            _exit(40);
        char next[20];
        sprintf(next, "%d", left - 1);
        pid_t child = forked();
        if (child == 0)
            execl("/proc/self/exe", "program", next, NULL);
        reap(child, 40 << 8);
        _exit(40);
    }
    CHECK(filter_syscall(SYS_getppid, SECCOMP_RET_ERRNO | 99, 0) == 0);
    pid_t child = forked();
    if (child == 0)
        execl("/proc/self/exe", "program", "3", NULL);
    reap(child, 40 << 8);
    puts("inherited");
    return 0;
}
