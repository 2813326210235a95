/* Processes that wait for each other by sched_yield on shared memory: the scheduler must let the other one run. */
#include "check.h"
#include <sched.h>
#include <sys/mman.h>

int main(void)
{
    volatile int *turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(turn != MAP_FAILED);
    pid_t child = forked();
    for (int round = 0; round < 50; round++) {
        while (*turn % 2 != (child == 0))
            sched_yield();
        ++*turn;
    }
    if (child == 0)
        _exit(0);
    reap(child, 0);
    CHECK(*turn == 100);
    puts("a hundred turns");
    return 0;
}
