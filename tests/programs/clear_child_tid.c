/* CLONE_CHILD_CLEARTID and set_tid_address: at the child's end the kernel writes zero into memory the parent shares, and wakes it. */
#include "check.h"
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>

static char stack[65536] __attribute__((aligned(16)));
static volatile pid_t tid, other_tid = 77;

static int child_main(void *moves)
{
    usleep(2000);
    if (moves)
        syscall(SYS_set_tid_address, &other_tid);
    syscall(SYS_exit, 3);
    return 0;
}

static void until_zero(volatile pid_t *word)
{
    pid_t value;
    while ((value = *word) != 0)
        syscall(SYS_futex, word, FUTEX_WAIT, value, NULL);
}

int main(void)
{
    for (int moves = 0; moves < 2; moves++) {
        pid_t child = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                            moves ? stack : NULL, &tid, NULL, &tid);
        CHECK(child > 0);
        until_zero(moves ? &other_tid : &tid);
        CHECK(tid == (moves ? child : 0));
        reap(child, 3 << 8);
    }
    puts("cleared");
    return 0;
}
