/* A timer at 1 kHz into a loop that computes, by wall time, by time in the program, by all its time; the handler sees how far it is.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <sys/time.h>

enum { TICKS = 12 };

static volatile uint64_t progress, ticks, seen;

static void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)context;
    CHECK(info->si_signo == signal && info->si_code == SI_KERNEL);
    seen = seen * 31 + progress;
    ticks++;
}

static void compute_under(const char *name, int which, int number)
{
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {0};
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
    uint64_t x = 1;
    progress = ticks = seen = 0;
    CHECK(sigaction(number, &action, NULL) == 0 && setitimer(which, &timer, NULL) == 0);
    while (ticks < TICKS) {
        x = x * 6364136223846793005 + 1442695040888963407;
        progress += 1 + (x >> 60);
    }
    CHECK(setitimer(which, &none, &timer) == 0 && timer.it_interval.tv_usec >= 1000);
    printf("%s: %lu ticks, at %lx, up to %lu\n", name, ticks, seen, progress);
}

int main(void)
{
    compute_under("real", ITIMER_REAL, SIGALRM);
    compute_under("virtual", ITIMER_VIRTUAL, SIGVTALRM);
    compute_under("prof", ITIMER_PROF, SIGPROF);
    return 0;
}
