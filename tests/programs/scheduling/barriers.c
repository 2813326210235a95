/* pthread barriers of five threads, forty times; exactly one of them is told that it was the serial one.
 * Compile: -pthread */
#include "threads.h"
enum { THREADS = 5, ROUNDS = 40 };

static pthread_barrier_t barrier;
static volatile long before[ROUNDS], serial;

static void *meets(void *unused)
{
    for (int round = 0; round < ROUNDS; round++) {
        __atomic_add_fetch(&before[round], 1, __ATOMIC_SEQ_CST);
        int result = pthread_barrier_wait(&barrier);
        CHECK(before[round] == THREADS);
        if (result == PTHREAD_BARRIER_SERIAL_THREAD)
            __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
        else
            CHECK(result == 0);
    }
    return unused;
}

int main(void)
{
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++)
        threads[i] = started(meets, NULL);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    printf("%ld\n", serial);
    return 0;
}
