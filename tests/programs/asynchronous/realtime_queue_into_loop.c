/* Real-time signals queued by another process into a loop that computes: all of them come, in order, with their values.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>

enum { SIGNALS = 300, AT_ONCE = 100 };

static volatile uint64_t progress, taken, seen;

static void on_signal(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    CHECK(info->si_code == SI_QUEUE && info->si_value.sival_int == (int)taken && info->si_pid != getpid());
    seen = seen * 31 + progress;
    taken++;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGRTMIN + 3, &action, NULL) == 0);
    pid_t parent = getpid(), child = forked();
    if (child == 0) {
        for (int i = 0; i < SIGNALS; i++) {
            CHECK(sigqueue(parent, SIGRTMIN + 3, (union sigval){.sival_int = i}) == 0);
            if (i % AT_ONCE == AT_ONCE - 1)
                usleep(2000);
        }
        _exit(0);
    }
    while (taken < SIGNALS)
        progress++;
    reap(child, 0);
    printf("%lu taken, at %lx, up to %lu\n", taken, seen, progress);
    return 0;
}
