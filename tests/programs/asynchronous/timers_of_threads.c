/* timer_create with SIGEV_THREAD_ID: two threads that compute, each with a timer of its own, by wall time and by its CPU time.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
enum { THREADS = 2, TICKS = 10 };

static __thread volatile uint64_t progress, ticks, seen;
static __thread long own;

static void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    CHECK(info->si_code == SI_TIMER && info->si_value.sival_int == own);
    seen = seen * 31 + progress;
    ticks++;
}

static void *computes(void *argument)
{
    own = (long)argument;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 2, .sigev_value.sival_int = (int)own};
    struct itimerspec often = {{0, 1000000}, {0, 1000000}};
    timer_t timer;
    event.sigev_notify_thread_id = thread_id();
    CHECK(timer_create(own ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
    while (ticks < TICKS)
        progress++;
    CHECK(timer_delete(timer) == 0);
    return (void *)(seen ^ progress);
}

int main(void)
{
    pthread_t threads[THREADS];
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGRTMIN + 2, &action, NULL) == 0);
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(computes, (void *)i);
    for (int i = 0; i < THREADS; i++)
        printf("%lx\n", (unsigned long)joined(threads[i]));
    return 0;
}
