/* A sleep that a handler interrupts says what remained; an absolute one does not.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static void handler(int signal) { (void)signal; }

int main(void)
{
    struct itimerval soon = {.it_value.tv_usec = 20000};
    struct timespec sleep = {10, 0}, remaining = {-1, -1}, until;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK_FAILS(nanosleep(&sleep, &remaining), EINTR);
    CHECK(remaining.tv_sec >= 5 && remaining.tv_sec <= 9);
    printf("%ld.%09ld s remained\n", (long)remaining.tv_sec, remaining.tv_nsec);

    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0 && clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += 10;
    remaining.tv_nsec = -5;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, &remaining) == EINTR && remaining.tv_nsec == -5);
    until.tv_sec -= 20;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    return 0;
}
