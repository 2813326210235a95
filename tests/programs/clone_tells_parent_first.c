/* CLONE_PARENT_SETTID with shared memory: the tid is there before the child's first instruction, not after clone returns. */
#include "check.h"
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>

static char stack[65536] __attribute__((aligned(16)));
static pid_t told;

static int child(void *unused)
{
    (void)unused;
    CHECK(told == getpid());
    return getpgid(told) == getpgid(0) ? 7 : 8;
}

int main(void)
{
    /* CLONE_VFORK: the parent's clone returns only after the child's end. */
    pid_t made = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD, NULL, &told);
    CHECK(made > 0 && told == made);
    reap(made, 7 << 8);
    puts("told");
    return 0;
}
