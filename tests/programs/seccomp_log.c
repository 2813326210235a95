/* SECCOMP_RET_LOG lets the call through, with a filter flag that asks for logging, and the actions the kernel says it knows. */
#include "seccomp.h"

#ifndef SECCOMP_FILTER_FLAG_LOG
#define SECCOMP_FILTER_FLAG_LOG 2
#endif
#ifndef SECCOMP_GET_ACTION_AVAIL
#define SECCOMP_GET_ACTION_AVAIL 2
#endif

int main(void)
{
    unsigned action = SECCOMP_RET_LOG;
    SKIP_UNLESS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0, "no SECCOMP_RET_LOG");
    pid_t parent = getppid();
    CHECK(filter_syscall(SYS_getppid, SECCOMP_RET_LOG, SECCOMP_FILTER_FLAG_LOG) == 0);
    CHECK(syscall(SYS_getppid) == parent);
    CHECK_FAILS(filter_syscall(SYS_getppid, SECCOMP_RET_LOG, 1 << 30), EINVAL);
    action = 0x12340000;
    CHECK_FAILS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP);
    puts("logged");
    return 0;
}
