/* One thread maps, moves and unmaps memory all the time, while others compute: their turns begin in the middle of that.
 * Compile: -pthread */
#include "../threads.h"

#include <sys/mman.h>

enum { PAGE = 4096, ROUNDS = 60, MOST_PAGES = 256, COMPUTING = 3 };
static volatile int over;
static volatile unsigned long sums[64];

static void *remap(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        size_t length = PAGE * (1 + round % MOST_PAGES);
        char *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(start != MAP_FAILED);
        memset(start, round, length);
        char *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(other != MAP_FAILED);
        start = mremap(start, length, 2 * length, MREMAP_MAYMOVE);
        CHECK(start != MAP_FAILED && start[0] == (char)round);
        start[length] = 1;
        CHECK(munmap(start, 2 * length) == 0 && munmap(other, PAGE) == 0);
    }
    over = 1;
    return argument;
}

static void *compute(void *argument)
{
    unsigned long state = (unsigned long)argument;
    while (!over)
        for (int round = 0; round < 100000; round++) {
            state = state * 6364136223846793005UL + 1;
            sums[state >> 59] ^= state;
        }
    return argument;
}

int main(void)
{
    pthread_t threads[COMPUTING + 1];
    for (long i = 0; i < COMPUTING; i++)
        threads[i] = started(compute, (void *)i);
    threads[COMPUTING] = started(remap, NULL);
    for (int i = 0; i <= COMPUTING; i++)
        joined(threads[i]);
    return 0;
}
