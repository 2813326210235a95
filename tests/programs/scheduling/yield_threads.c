/* Threads that wait for each other by sched_yield alone.
 * Compile: -pthread */
#include "threads.h"
#include <sched.h>

enum { THREADS = 4, ROUNDS = 50 };

static volatile uint32_t turn;

static void *takes_turns(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) % THREADS != (uint32_t)(long)argument)
            sched_yield();
        __atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(takes_turns, (void *)i);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    printf("%u turns\n", turn);
    return 0;
}
