/* A child sends its parent five hundred signals while the parent makes syscalls and computes; none is lost, all in order. */
#include "check.h"
#include <signal.h>

static volatile int received, out_of_order;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    out_of_order += info->si_value.sival_int != received;
    received++;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGRTMIN, &action, NULL) == 0);
    pid_t child = forked();
    if (child == 0) {
        for (int i = 0; i < 500; i++)
            CHECK(sigqueue(getppid(), SIGRTMIN, (union sigval){.sival_int = i}) == 0);
        _exit(0);
    }
    volatile long work = 0;
    while (received < 500) {
        for (int i = 0; i < 1000; i++)
            work += i;
        getppid();
    }
    reap(child, 0);
    CHECK(received == 500 && out_of_order == 0);
    puts("five hundred");
    return 0;
}
