/* SECCOMP_RET_ERRNO of the program's own filters: two of them, the later one narrower; an errno of zero; prctl and seccomp alike. */
#include "seccomp.h"

int main(void)
{
    SKIP_UNLESS(prctl(PR_GET_SECCOMP) == 0, "a filter is inherited");
    CHECK(filter_syscall(SYS_getppid, SECCOMP_RET_ERRNO | 123, 0) == 0);
    CHECK_FAILS(syscall(SYS_getppid), 123);
    CHECK(getpid() > 0);
    CHECK(filter_syscall(SYS_getuid, SECCOMP_RET_ERRNO | 0, 0) == 0);
    CHECK(syscall(SYS_getuid) == 0);
    CHECK_FAILS(syscall(SYS_getppid), 123);
    CHECK(filter_syscall(SYS_getppid, SECCOMP_RET_ERRNO | 45, 0) == 0);
    CHECK_FAILS(syscall(SYS_getppid), 45); /* of equal actions the latest filter's data counts */
    CHECK(prctl(PR_GET_SECCOMP) == 2);
    pid_t child = forked();
    if (child == 0) {
        CHECK_FAILS(syscall(SYS_getppid), 45);
        _exit(0);
    }
    reap(child, 0);
    puts("refused");
    return 0;
}
