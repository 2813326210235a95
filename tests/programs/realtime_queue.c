/* Real-time signals queue with their values, in order, the lowest number first; ordinary ones merge. */
#include "check.h"
#include <signal.h>

static volatile int order[64], count, ordinary;

static void queued(int signal, siginfo_t *info, void *context)
{
    (void)context;
    CHECK(info->si_code == SI_QUEUE && info->si_pid == getpid() && info->si_uid == getuid());
    order[count++] = (signal - SIGRTMIN) * 100 + info->si_value.sival_int;
}

static void merged(int signal) { ordinary += signal == SIGUSR1; }

int main(void)
{
    struct sigaction action = {.sa_sigaction = queued, .sa_flags = SA_SIGINFO};
    sigset_t set;
    sigfillset(&set);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && signal(SIGUSR1, merged) != SIG_ERR);
    sigfillset(&action.sa_mask); /* else the lowest is the last to run */
    for (int i = 0; i < 3; i++)
        CHECK(sigaction(SIGRTMIN + i, &action, NULL) == 0);
    for (int i = 0; i < 5; i++)
        for (int which = 2; which >= 0; which--) {
            CHECK(sigqueue(getpid(), SIGRTMIN + which, (union sigval){.sival_int = i}) == 0);
            CHECK(kill(getpid(), SIGUSR1) == 0);
        }
    CHECK(count == 0);
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    CHECK(count == 15 && ordinary == 1);
    for (int i = 0; i < 15; i++)
        CHECK(order[i] == i / 5 * 100 + i % 5);
    puts("in order");
    return 0;
}
