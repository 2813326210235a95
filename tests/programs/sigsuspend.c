/* sigsuspend: the mask for the wait lets the signal in, the old one is back afterwards, and inside the handler is what it should be. */
#include "check.h"
#include <signal.h>

static volatile int arrived, usr2_blocked_inside;

static void handler(int signal)
{
    sigset_t mask;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0);
    usr2_blocked_inside = sigismember(&mask, SIGUSR2);
    arrived = signal;
}

int main(void)
{
    sigset_t blocked, during, now;
    CHECK(signal(SIGUSR1, handler) != SIG_ERR && signal(SIGUSR2, handler) != SIG_ERR);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
    sigemptyset(&during);
    for (int i = 0; i < 20; i++) {
        pid_t child = forked();
        if (child == 0) {
            if (i % 2)
                usleep(1000);
            _exit(kill(getppid(), i % 4 < 2 ? SIGUSR1 : SIGUSR2));
        }
        arrived = 0;
        CHECK_FAILS(sigsuspend(&during), EINTR);
        CHECK(arrived == (i % 4 < 2 ? SIGUSR1 : SIGUSR2) && usr2_blocked_inside == (arrived == SIGUSR2));
        CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
        reap(child, 0);
    }
    puts("twenty times suspended");
    return 0;
}
