/* Several timers that come due faster than their signals can be recorded, handlers that interrupt each other, and none
 * that is never called because the others come first.
 * Output: varies
 * Needs: PTRACE_SETSIGMASK */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <time.h>

enum { TIMERS = 3 };

static volatile uint64_t progress, ticks[TIMERS], seen;

static void on_tick(int signal)
{
    seen = seen * 31 + progress;
    ticks[signal - SIGRTMIN]++;
}

int main(void)
{
    timer_t timers[TIMERS];
    for (int i = 0; i < TIMERS; i++) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + i};
        struct itimerspec often = {{0, 40000 + 7000 * i}, {0, 40000}};
        struct sigaction action = {.sa_handler = on_tick};
        if (i == 1)
            sigaddset(&action.sa_mask, SIGRTMIN + 2);
        CHECK(sigaction(SIGRTMIN + i, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timers[i]) == 0);
        CHECK(timer_settime(timers[i], 0, &often, NULL) == 0);
    }
    while (progress < 3000000 || ticks[0] < 10 || ticks[1] < 10 || ticks[2] < 10)
        progress++;
    for (int i = 0; i < TIMERS; i++)
        CHECK(timer_delete(timers[i]) == 0 && ticks[i] > 0);
    printf("%lu %lu %lu ticks, at %lx\n", ticks[0], ticks[1], ticks[2], seen);
    return 0;
}
