/* A thread that computes is cancelled in the middle of it; how far it has come is seen afterwards.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"

static volatile uint64_t progress;
static volatile uint32_t there;

static void *computes(void *unused)
{
    int old;
    CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old) == 0);
    change(&there, 1);
    for (uint64_t x = 1;; x = x * 6364136223846793005 + 1442695040888963407)
        progress += 1 + (x >> 63);
    return unused;
}

int main(void)
{
    for (int round = 0; round < 3; round++) {
        there = 0;
        pthread_t thread = started(computes, NULL);
        await_change(&there, 0);
        usleep(20000);
        CHECK(pthread_cancel(thread) == 0 && joined(thread) == PTHREAD_CANCELED && progress > 0);
        printf("cancelled at %lu\n", progress);
    }
    return 0;
}
