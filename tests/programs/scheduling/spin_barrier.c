/* A barrier that spins: whoever comes last lets the others go on, and they see it only when their turn is over.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
enum { THREADS = 3, ROUNDS = 4 };

static volatile uint32_t arrived, generation;
static volatile uint64_t spins[THREADS];

static void *meets_the_others(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t now = generation;
        if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == THREADS) {
            arrived = 0;
            __atomic_store_n(&generation, now + 1, __ATOMIC_SEQ_CST);
        }
        while (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) == now)
            spins[(long)argument]++;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(meets_the_others, (void *)i);
    for (int i = 0; i < THREADS; i++) {
        joined(threads[i]);
        printf("%lu rounds of thread %d\n", spins[i], i);
    }
    CHECK(generation == ROUNDS);
    return 0;
}
