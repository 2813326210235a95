/* A timer that comes due faster than its signals can be recorded: the loop that it interrupts makes headway all the same.
 * Output: varies
 * Needs: PTRACE_SETSIGMASK */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

static volatile uint64_t progress, ticks, seen;

static void on_tick(int signal)
{
    (void)signal;
    seen = seen * 31 + progress;
    ticks++;
}

int main(void)
{
    struct itimerval timer = {{0, 30}, {0, 30}}, none = {0};
    CHECK(signal(SIGALRM, on_tick) != SIG_ERR && setitimer(ITIMER_REAL, &timer, NULL) == 0);
    while (progress < 5000000)
        progress++;
    CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0 && ticks > 0);
    printf("%lu ticks, at %lx\n", ticks, seen);
    return 0;
}
