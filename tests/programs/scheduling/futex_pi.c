/* Futexes with priority inheritance: the kernel itself writes their words, also those of a condition's waiters.
 * Compile: -pthread */
#include "threads.h"
#include <time.h>

enum { THREADS = 4, ROUNDS = 8 };

static volatile uint32_t word, condition, held;
static volatile long inside, sum;

static void lock(void)
{
    uint32_t none = 0;
    if (!__atomic_compare_exchange_n(&word, &none, (uint32_t)thread_id(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        CHECK(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0);
    CHECK((word & FUTEX_TID_MASK) == (uint32_t)thread_id());
}

static void unlock(void)
{
    uint32_t own = (uint32_t)thread_id();
    if (!__atomic_compare_exchange_n(&word, &own, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        CHECK(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) == 0);
}

static void *takes_turns(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        lock();
        CHECK(++inside == 1);
        sum += (long)argument;
        if (round % 3 == 0)
            usleep(300); /* the others are asleep in the kernel by then */
        CHECK(--inside == 0);
        unlock();
    }
    return NULL;
}

static void *holds(void *unused)
{
    lock();
    change(&held, 1);
    await_change(&held, 1);
    unlock();
    return unused;
}

static void *waits_for_condition(void *unused)
{
    lock();
    change(&held, 5);
    uint32_t now = condition;
    unlock();
    /* Comes back holding the lock. */
    CHECK(futex(&condition, FUTEX_WAIT_REQUEUE_PI, now, NULL, &word, 0) == 0);
    CHECK((word & FUTEX_TID_MASK) == (uint32_t)thread_id());
    unlock();
    return unused;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(takes_turns, (void *)i);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    CHECK(word == 0);

    threads[0] = started(holds, NULL);
    await_change(&held, 0);
    struct timespec time;
    CHECK_FAILS(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0), EAGAIN);
    CHECK_FAILS(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
    CHECK(clock_gettime(CLOCK_REALTIME, &time) == 0);
    CHECK_FAILS(futex(&word, FUTEX_LOCK_PI, 0, &time, NULL, 0), ETIMEDOUT);
    CHECK((word & FUTEX_WAITERS) != 0); /* set by the kernel, and left */
    change(&held, 2);
    joined(threads[0]);
    CHECK(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0) == 0);
    CHECK_FAILS(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
    unlock();

    held = 0;
    threads[0] = started(waits_for_condition, NULL);
    await_change(&held, 0);
    for (long done = 0; done != 1; usleep(200))
        CHECK((done = futex(&condition, FUTEX_CMP_REQUEUE_PI, 1, (void *)0L, &word, condition)) >= 0);
    joined(threads[0]);
    CHECK(word == 0);
    printf("%ld\n", sum);
    return 0;
}
