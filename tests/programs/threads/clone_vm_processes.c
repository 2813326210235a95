/* Processes in one address space that are no threads: futexes and atomics between them, each with its own pid and status. */
#include "threads.h"
#include <sched.h>
#include <signal.h>

enum { PROCESSES = 4, ROUNDS = 25, STACK = 65536 };

static char stacks[PROCESSES][STACK] __attribute__((aligned(16)));
static volatile uint32_t turn;
static volatile long sum;
static volatile pid_t pids[PROCESSES];

static int process_main(void *argument)
{
    uint32_t number = (uint32_t)(long)argument;
    pids[number] = (pid_t)syscall(SYS_getpid);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t now;
        while ((now = __atomic_load_n(&turn, __ATOMIC_SEQ_CST)) % PROCESSES != number)
            futex(&turn, FUTEX_WAIT, now, NULL, NULL, 0);
        sum = sum * 3 + number + now;
        __atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
        futex(&turn, FUTEX_WAKE, PROCESSES, NULL, NULL, 0);
    }
    syscall(SYS_exit, number + 1);
    return 0;
}

int main(void)
{
    pid_t children[PROCESSES];
    for (long i = 0; i < PROCESSES; i++) {
        children[i] = clone(process_main, stacks[i] + STACK, CLONE_VM | CLONE_FILES | (i % 2 ? CLONE_SIGHAND : 0) | SIGCHLD, (void *)i);
        CHECK(children[i] > 0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        reap(children[i], (i + 1) << 8);
        CHECK(pids[i] == children[i]);
    }
    printf("%u turns, %ld\n", turn, sum);
    return 0;
}
