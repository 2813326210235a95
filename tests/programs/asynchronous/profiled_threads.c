/* SIGPROF at 1 kHz of CPU time, sent to the process while three threads compute: whichever takes it.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <sys/time.h>

enum { THREADS = 3, TICKS = 15 };

static volatile uint64_t ticks;
static __thread volatile uint64_t progress, seen, own_ticks;

static void on_tick(int signal)
{
    (void)signal;
    seen = seen * 31 + progress;
    own_ticks++;
    __atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
}

static void *computes(void *unused)
{
    while (ticks < TICKS)
        progress++;
    printf("%lu ticks, at %lx, up to %lu\n", own_ticks, seen, progress);
    return unused;
}

int main(void)
{
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {0};
    pthread_t threads[THREADS];
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGPROF, &action, NULL) == 0 && setitimer(ITIMER_PROF, &timer, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        threads[i] = started(computes, NULL);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    CHECK(setitimer(ITIMER_PROF, &none, NULL) == 0);
    return 0;
}
