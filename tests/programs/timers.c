/* POSIX timers with a value, interval timers, alarm: armed while recording, never while replaying.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static volatile int ticks, alarms;
static volatile int value, overruns;

static void tick(int signal, siginfo_t *info, void *context)
{
    (void)context;
    CHECK(signal == SIGRTMIN && info->si_code == SI_TIMER);
    value = info->si_value.sival_int;
    overruns += info->si_overrun;
    ticks++;
}

static void alarmed(int signal) { alarms += signal == SIGALRM; }

int main(void)
{
    struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 31};
    struct itimerspec setting = {.it_value.tv_nsec = 3000000, .it_interval.tv_nsec = 3000000}, left;
    timer_t timer;
    sigset_t blocked, outside;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN);
    sigaddset(&blocked, SIGALRM);
    /* Handlers run in sigsuspend only: ticks that come faster than they are handled cannot keep main from going on. */
    CHECK(sigprocmask(SIG_BLOCK, &blocked, &outside) == 0);
    CHECK(sigaction(SIGRTMIN, &action, NULL) == 0 && signal(SIGALRM, alarmed) != SIG_ERR);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &setting, NULL) == 0);
    while (ticks < 5)
        sigsuspend(&outside);
    CHECK(value == 31 && timer_gettime(timer, &left) == 0 && left.it_interval.tv_nsec == 3000000);
    printf("%ld ns left, %d overruns\n", left.it_value.tv_nsec, overruns);
    CHECK(timer_delete(timer) == 0);
    CHECK(alarm(100) == 0 && alarm(0) >= 99);
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 5000}, NULL) == 0);
    while (!alarms)
        sigsuspend(&outside);
    return 0;
}
