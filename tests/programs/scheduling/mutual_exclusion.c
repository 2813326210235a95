/* Peterson's and Dekker's algorithms with sequentially consistent atomics: never two inside, whatever the turns.
 * Chaos: once both are in the loop, each of thousands of rounds takes a slice of spinning
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
enum { ROUNDS = 3000 };

static volatile uint32_t wants[2], turn;
static volatile uint64_t inside, count, order;

static void work(uint64_t number)
{
    inside += 1 + number;
    CHECK(inside == 1 + number);
    order = order * 3 + number;
    for (int i = 0; i < 300; i++)
        count++;
    inside -= 1 + number;
}

static void *peterson(void *argument)
{
    uint32_t own = (uint32_t)(long)argument, other = 1 - own;
    for (int round = 0; round < ROUNDS; round++) {
        __atomic_store_n(&wants[own], 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&turn, other, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&wants[other], __ATOMIC_SEQ_CST) && __atomic_load_n(&turn, __ATOMIC_SEQ_CST) == other)
            ;
        work(own);
        __atomic_store_n(&wants[own], 0, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void *dekker(void *argument)
{
    uint32_t own = (uint32_t)(long)argument, other = 1 - own;
    for (int round = 0; round < ROUNDS; round++) {
        __atomic_store_n(&wants[own], 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&wants[other], __ATOMIC_SEQ_CST))
            if (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != own) {
                __atomic_store_n(&wants[own], 0, __ATOMIC_SEQ_CST);
                while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != own)
                    ;
                __atomic_store_n(&wants[own], 1, __ATOMIC_SEQ_CST);
            }
        work(own);
        __atomic_store_n(&turn, other, __ATOMIC_SEQ_CST);
        __atomic_store_n(&wants[own], 0, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

int main(void)
{
    void *(*const algorithms[])(void *) = {peterson, dekker};
    for (int i = 0; i < 2; i++) {
        pthread_t other = started(algorithms[i], (void *)1);
        algorithms[i]((void *)0);
        joined(other);
        printf("%lu, in the order %lx\n", count, order);
    }
    CHECK(count == 4 * ROUNDS * 300);
    return 0;
}
