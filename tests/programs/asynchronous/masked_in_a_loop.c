/* Timers that come due while their signal is blocked in a loop: pending until it is unblocked, once, with its overruns.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <time.h>

static volatile uint64_t progress, ticks, seen, overruns;

static void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    seen = seen * 31 + progress;
    overruns += (uint64_t)info->si_overrun;
    ticks++;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
    struct itimerspec often = {{0, 500000}, {0, 500000}};
    timer_t timer;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    CHECK(timer_settime(timer, 0, &often, NULL) == 0);
    for (int round = 0; round < 6; round++) {
        CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
        uint64_t before = ticks;
        for (int i = 0; i < 2000000; i++)
            progress++;
        CHECK(ticks == before && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
        for (int i = 0; i < 2000000; i++)
            progress++;
    }
    CHECK(timer_delete(timer) == 0 && ticks > 0);
    printf("%lu ticks and %lu overruns, at %lx\n", ticks, overruns, seen);
    return 0;
}
