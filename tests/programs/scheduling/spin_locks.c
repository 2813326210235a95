/* Spin locks, with pause and without, more spinners than processors; the order of their turns is seen in a checksum.
 * Output: varies
 * Compile: -pthread
 * Compile: -pthread -DPAUSE */
#include "threads.h"
enum { THREADS = 5, ROUNDS = 400 };

static volatile uint32_t lock;
static volatile uint64_t order, count;

static void *takes_the_lock(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
            while (lock) {
#ifdef PAUSE
                __builtin_ia32_pause();
#endif
            }
        order = order * 7 + (uint64_t)argument;
        for (int i = 0; i < 2000; i++)
            count++;
        __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(takes_the_lock, (void *)i);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    CHECK(count == THREADS * ROUNDS * 2000ul);
    printf("%lx\n", order);
    return 0;
}
