/* Store buffering with sequentially consistent atomics: two threads never both miss the other's store.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
enum { ROUNDS = 400 };

static volatile uint32_t x, y, first_sees, second_sees, round_of_first, round_of_second;

static void wait_for(volatile uint32_t *word, uint32_t value)
{
    for (int i = 0; __atomic_load_n(word, __ATOMIC_SEQ_CST) != value; i++)
        if (i > 1000)
            usleep(10);
}

static void *second(void *unused)
{
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        wait_for(&round_of_first, round);
        __atomic_store_n(&y, 1, __ATOMIC_SEQ_CST);
        second_sees = __atomic_load_n(&x, __ATOMIC_SEQ_CST);
        __atomic_store_n(&round_of_second, round, __ATOMIC_SEQ_CST);
    }
    return unused;
}

int main(void)
{
    uint64_t outcomes = 0;
    pthread_t other = started(second, NULL);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        x = y = 0;
        __atomic_store_n(&round_of_first, round, __ATOMIC_SEQ_CST);
        __atomic_store_n(&x, 1, __ATOMIC_SEQ_CST);
        first_sees = __atomic_load_n(&y, __ATOMIC_SEQ_CST);
        wait_for(&round_of_second, round);
        CHECK(first_sees || second_sees);
        outcomes = outcomes * 5 + first_sees * 2 + second_sees;
    }
    joined(other);
    printf("%lx\n", outcomes);
    return 0;
}
