/* FUTEX_REQUEUE, CMP_REQUEUE and WAKE_OP: who is woken, who waits elsewhere from then on, what becomes of the words.
 * Compile: -pthread */
#include "threads.h"
#include <sched.h>

enum { SLEEPERS = 6 };

static volatile uint32_t first, second, third, returned;

static void *sleeps(void *unused)
{
    CHECK(futex(&first, FUTEX_WAIT, 0, NULL, NULL, 0) == 0);
    __atomic_add_fetch(&returned, 1, __ATOMIC_SEQ_CST);
    return unused;
}

static void until(uint32_t count)
{
    while (returned != count)
        usleep(200);
}

/* Nothing tells that a thread sleeps in futex, but that a requeue finds it. */
static void gather(long expected, volatile uint32_t *from, volatile uint32_t *to)
{
    long found = 0;
    while (found < expected) {
        long moved = futex(from, FUTEX_CMP_REQUEUE, 0, (void *)(long)expected, to, *from);
        CHECK(moved >= 0);
        found += moved;
        usleep(200);
    }
    CHECK(found == expected);
}

int main(void)
{
    pthread_t threads[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++)
        threads[i] = started(sleeps, NULL);
    gather(SLEEPERS, &first, &second);
    CHECK(futex(&first, FUTEX_WAKE, 10, NULL, NULL, 0) == 0);
    CHECK_FAILS(futex(&second, FUTEX_CMP_REQUEUE, 1, (void *)1L, &third, 99), EAGAIN);
    CHECK(futex(&second, FUTEX_CMP_REQUEUE, 1, (void *)2L, &third, 0) == 3); /* one woken, two moved */
    until(1);
    CHECK(futex(&third, FUTEX_REQUEUE, 1, (void *)0L, &first, 0) == 1);
    until(2);
    /* third: one left, second: three */
    third = 7;
    CHECK(futex(&second, FUTEX_WAKE_OP, 1, (void *)5L, &third, FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 7)) == 2);
    CHECK(third == 12);
    until(4);
    CHECK(futex(&second, FUTEX_WAKE_OP, 1, (void *)5L, &third, FUTEX_OP(FUTEX_OP_XOR, 3, FUTEX_OP_CMP_LT, 2)) == 1);
    CHECK(third == 15);
    CHECK(futex(&second, FUTEX_WAKE_OP, 1, (void *)5L, &third, FUTEX_OP((FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT), 4, FUTEX_OP_CMP_GE, 15)) == 1);
    CHECK(third == 16);
    for (int i = 0; i < SLEEPERS; i++)
        joined(threads[i]);
    printf("%u %u %u, %u returned\n", first, second, third, returned);
    return 0;
}
