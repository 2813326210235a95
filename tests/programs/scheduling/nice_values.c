/* Threads of different nice values compute side by side: all of them end; each has the value it was given.
 * Compile: -pthread */
#include "threads.h"
#include <sys/resource.h>

enum { THREADS = 4 };

static volatile uint64_t finished;

static void *computes(void *argument)
{
    long number = (long)argument;
    CHECK(setpriority(PRIO_PROCESS, 0, (int)number * 2) == 0);
    uint64_t x = (uint64_t)number;
    for (int i = 0; i < 8000000; i++)
        x = x * 6364136223846793005 + 1442695040888963407;
    CHECK(getpriority(PRIO_PROCESS, 0) == number * 2);
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
    return (void *)x;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(computes, (void *)(i + (i == 0 && getpriority(PRIO_PROCESS, 0) > 0)));
    for (int i = 0; i < THREADS; i++)
        printf("%lx\n", (unsigned long)joined(threads[i]));
    CHECK(finished == THREADS && nice(3) >= 3);
    return 0;
}
