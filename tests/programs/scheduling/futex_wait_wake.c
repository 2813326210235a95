/* FUTEX_WAIT and WAKE, bitsets, timeouts relative and absolute, private and shared, and what they fail with.
 * Compile: -pthread */
#include "threads.h"
#include <sys/mman.h>
#include <time.h>

enum { SLEEPERS = 4 };

static volatile uint32_t word, *shared;
static volatile long woken[SLEEPERS];

static void *sleeps(void *argument)
{
    long number = (long)argument;
    /* Each has a bit of its own. */
    while (futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 1u << number) != 0)
        CHECK(errno == EAGAIN || errno == EINTR);
    woken[number] = 1;
    return argument;
}

static struct timespec in_the_future(clockid_t clock, long nanoseconds)
{
    struct timespec time;
    CHECK(clock_gettime(clock, &time) == 0);
    time.tv_nsec += nanoseconds;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

int main(void)
{
    struct timespec soon = {.tv_nsec = 2000000}, absolute;
    CHECK_FAILS(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
    CHECK_FAILS(futex(&word, FUTEX_WAIT, 0, &soon, NULL, 0), ETIMEDOUT);
    CHECK_FAILS(futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &soon, NULL, 0), ETIMEDOUT);
    absolute = in_the_future(CLOCK_MONOTONIC, 2000000);
    CHECK_FAILS(futex(&word, FUTEX_WAIT_BITSET, 0, &absolute, NULL, FUTEX_BITSET_MATCH_ANY), ETIMEDOUT);
    absolute = in_the_future(CLOCK_REALTIME, 2000000);
    CHECK_FAILS(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &absolute, NULL, 1), ETIMEDOUT);
    CHECK_FAILS(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
    CHECK_FAILS(futex((char *)&word + 1, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL);
    CHECK(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0);

    pthread_t threads[SLEEPERS];
    for (long i = 0; i < SLEEPERS; i++)
        threads[i] = started(sleeps, (void *)i);
    for (int i = SLEEPERS - 1; i >= 0; i--) {
        while (futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, INT32_MAX, NULL, NULL, 1u << i) == 0)
            usleep(500);
        joined(threads[i]);
        CHECK(woken[i] && (i == 0 || !woken[i - 1]));
    }

    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    pid_t child = forked();
    if (child == 0) {
        await_change(shared, 0);
        change(&shared[1], 5);
        _exit(0);
    }
    /* What is private to this process wakes nobody in another. */
    CHECK(futex(shared, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0) == 0);
    change(shared, 1);
    await_change(&shared[1], 0);
    reap(child, 0);
    puts("waited and woken");
    return 0;
}
