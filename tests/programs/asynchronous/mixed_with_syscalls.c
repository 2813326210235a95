/* A timer at 1 kHz into a loop that makes a syscall now and then: some ticks meet the syscall, others the code between.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

enum { TICKS = 30 };

static volatile uint64_t progress, ticks, seen, calls;

static void on_tick(int signal)
{
    (void)signal;
    seen = seen * 31 + progress + calls * 7;
    ticks++;
}

int main(void)
{
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {0};
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0);
    while (ticks < TICKS)
        for (uint64_t limit = progress + (calls % 3 ? 1000 : 3000000); progress < limit || (calls++, getppid() < 0);)
            progress++;
    CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
    printf("%lu ticks, at %lx, up to %lu, %lu calls\n", ticks, seen, progress, calls);
    return 0;
}
