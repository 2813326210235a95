/* Handlers that compute, interrupted by other handlers that compute; three timers, and a mask that keeps one of them out.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <time.h>

enum { TIMERS = 3, TICKS = 3 };

static volatile uint64_t progress[TIMERS + 1], ticks[TIMERS], seen, depth, deepest;

static void compute(volatile uint64_t *place, int rounds)
{
    for (int i = 0; i < rounds; i++)
        *place = *place * 3 + 1;
}

static void on_tick(int signal)
{
    int number = signal - SIGRTMIN;
    uint64_t inside = ++depth;
    deepest = inside > deepest ? inside : deepest;
    seen = seen * 31 + progress[0] + progress[1] + progress[2] + progress[3];
    if (++ticks[number] <= TICKS)
        compute(&progress[number], 4000000);
    CHECK(depth-- == inside);
}

int main(void)
{
    timer_t timers[TIMERS];
    for (int i = 0; i < TIMERS; i++) {
        struct sigaction action = {.sa_handler = on_tick};
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + i};
        struct itimerspec often = {{0, 1000000 + 300000 * i}, {0, 1000000}};
        if (i == 1)
            sigaddset(&action.sa_mask, SIGRTMIN + 2);
        CHECK(sigaction(SIGRTMIN + i, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timers[i]) == 0);
        CHECK(timer_settime(timers[i], 0, &often, NULL) == 0);
    }
    while (ticks[0] < TICKS || ticks[1] < TICKS || ticks[2] < TICKS)
        progress[TIMERS]++;
    for (int i = 0; i < TIMERS; i++)
        CHECK(timer_delete(timers[i]) == 0);
    printf("%lu %lu %lu, at most %lu deep, at %lx, up to %lu\n", ticks[0], ticks[1], ticks[2], deepest, seen, progress[TIMERS]);
    return 0;
}
