/* Prints its pid and computes until it is killed, interrupted by a timer every few milliseconds.
 * Used by: test_killed_from_outside.py */
#include "check.h"
#include <signal.h>
#include <sys/time.h>

static volatile unsigned ticks, sum;

static void tick(int signal)
{
    (void)signal;
    ticks++;
}

int main(void)
{
    CHECK(signal(SIGALRM, tick) == SIG_DFL);
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){{0, 7000}, {0, 7000}}, NULL) == 0);
    printf("%d\n", getpid());
    fflush(stdout);
    for (;;)
        sum += sum * 3 + 1;
}
