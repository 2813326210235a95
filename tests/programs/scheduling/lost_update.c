/* Two threads add to a number without a lock: what is lost is lost again at replay.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
enum { ROUNDS = 20000000 };

static volatile uint64_t number;

static void *adds(void *unused)
{
    for (int i = 0; i < ROUNDS; i++)
        number++;
    return unused;
}

int main(void)
{
    pthread_t other = started(adds, NULL);
    adds(NULL);
    joined(other);
    CHECK(number >= 2 && number <= 2ul * ROUNDS);
    printf("%lu\n", number);
    return 0;
}
