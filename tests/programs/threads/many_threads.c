/* A hundred threads alive at once, in a ring: each is woken by the one before it, three times round.
 * Compile: -pthread */
#include "threads.h"

enum { THREADS = 100, ROUNDS = 3 };

static volatile uint32_t token[THREADS];
static volatile unsigned long sum;

static void *passes_on(void *argument)
{
    long number = (long)argument;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        await_change(&token[number], round);
        sum = sum * 5 + (unsigned long)number;
        if (number + 1 < THREADS || round + 1 < ROUNDS)
            change(&token[(number + 1) % THREADS], round + 1 + (number + 1 == THREADS));
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_attr_t small;
    CHECK(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 65536) == 0);
    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], &small, passes_on, (void *)i) == 0);
    change(&token[0], 1);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    printf("%lu\n", sum);
    return 0;
}
