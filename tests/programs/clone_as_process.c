/* clone(2) that makes processes: shared memory, tids written for parent and child, another exit signal, a pidfd. */
#include "check.h"
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

static char stack[65536] __attribute__((aligned(16)));
static volatile int shared;
static pid_t parent_tid, child_tid;

static int on_own_stack(void *argument)
{
    shared = *(int *)argument;
    return syscall(SYS_getpid) == child_tid ? 5 : 6;
}

int main(void)
{
    int value = 1234, status, pidfd = -1;
    pid_t child = clone(on_own_stack, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
                        &value, &parent_tid, NULL, &child_tid);
    CHECK(child > 0 && parent_tid == child && child_tid == child && shared == 1234);
    reap(child, 5 << 8);

    value = 99;
    child = clone(on_own_stack, stack + sizeof stack, CLONE_VM | CLONE_CHILD_SETTID | SIGCHLD, &value, NULL, NULL, &child_tid);
    reap(child, 5 << 8);
    CHECK(shared == 99);

    /* No SIGCHLD at its end: only __WALL or __WCLONE waits for it. */
    child = syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (child == 0)
        _exit(8);
    CHECK_FAILS(waitpid(child, &status, 0), ECHILD);
    CHECK(waitpid(child, &status, __WALL) == child && WEXITSTATUS(status) == 8);

    child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
    SKIP_UNLESS(child >= 0, "no CLONE_PIDFD");
    if (child == 0)
        _exit(3);
    if (pidfd >= 0) { /* 5.2 and later */
        struct pollfd ready = {.fd = pidfd, .events = POLLIN};
        CHECK(poll(&ready, 1, -1) == 1);
    }
    reap(child, 3 << 8);
    puts("clone works");
    return 0;
}
