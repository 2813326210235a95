/* A thread that sleeps a millisecond again and again beside one that computes: it wakes while the other computes.
 * Output: varies
 * Chaos: a sleeper may be held back or starved
 * Compile: -pthread */
#include "threads.h"
static volatile uint32_t over, ready;
static volatile uint64_t wakes, progress, seen;

static void *sleeps(void *unused)
{
    change(&ready, 1);
    while (!over) {
        usleep(1000);
        wakes++;
        seen = seen * 31 + progress;
    }
    return unused;
}

int main(void)
{
    pthread_t sleeper = started(sleeps, NULL);
    await_change(&ready, 0);
    uint64_t x = 1;
    for (int i = 0; i < 60000000; i++)
        progress = x = x * 6364136223846793005 + 1442695040888963407;
    uint64_t woken = wakes;
    over = 1;
    joined(sleeper);
    printf("woken %lu times, at %lx\n", woken, seen);
    CHECK(woken >= 2);
    return 0;
}
