/* SECCOMP_RET_TRACE where no tracer of the program's own looks: ENOSYS, and the call does not happen. */
#include "seccomp.h"

int main(void)
{
    int line[2];
    CHECK(pipe(line) == 0 && fcntl(line[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(filter_syscall(SYS_sendto, SECCOMP_RET_TRACE | 7, 0) == 0);
    CHECK_FAILS(syscall(SYS_sendto, line[1], "x", 1, 0, NULL, 0), ENOSYS);
    CHECK(filter_syscall(SYS_writev, SECCOMP_RET_TRACE, 0) == 0);
    CHECK_FAILS(syscall(SYS_writev, line[1], NULL, 0), ENOSYS);
    CHECK(filter_syscall(SYS_dup, SECCOMP_RET_TRACE | 1, 0) == 0);
    CHECK_FAILS(dup(1), ENOSYS);
    pid_t child = forked();
    if (child == 0) {
        CHECK_FAILS(dup(1), ENOSYS);
        execl("/bin/sh", "sh", "-c", "exit 5", NULL);
    }
    reap(child, 5 << 8);
    puts("nobody traces");
    return 0;
}
