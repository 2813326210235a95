/* ppoll, pselect and epoll_pwait: the signal comes in under the temporary mask only, and the old mask is back in time. */
#include "check.h"
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>

static volatile int arrived;

static void handler(int signal) { arrived += signal == SIGUSR1; }

int main(void)
{
    sigset_t blocked, none, now;
    int line[2], epoll = epoll_create1(0);
    CHECK(pipe(line) == 0 && signal(SIGUSR1, handler) != SIG_ERR);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) == 0);
    for (int kind = 0; kind < 6; kind++) {
        pid_t child = 0;
        if (kind < 3) /* it is pending already */
            CHECK(raise(SIGUSR1) == 0);
        else if ((child = forked()) == 0) { /* it comes later */
            usleep(10000);
            _exit(kill(getppid(), SIGUSR1));
        }
        CHECK(arrived == kind);
        if (kind % 3 == 0)
            CHECK_FAILS(ppoll(&(struct pollfd){.fd = line[0], .events = POLLIN}, 1, NULL, &none), EINTR);
        else if (kind % 3 == 1) {
            fd_set readable;
            FD_ZERO(&readable);
            FD_SET(line[0], &readable);
            CHECK_FAILS(pselect(line[0] + 1, &readable, NULL, NULL, NULL, &none), EINTR);
        } else
            CHECK_FAILS(epoll_pwait(epoll, &(struct epoll_event){0}, 1, -1, &none), EINTR);
        CHECK(arrived == kind + 1);
        CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
        if (child)
            reap(child, 0);
    }
    CHECK(raise(SIGUSR1) == 0 && ppoll(NULL, 0, &(struct timespec){.tv_nsec = 1000000}, NULL) == 0 && arrived == 6);
    CHECK(write(line[1], "*", 1) == 1);
    CHECK(ppoll(&(struct pollfd){.fd = line[0], .events = POLLIN}, 1, NULL, &blocked) == 1 && arrived == 6);
    puts("six interruptions");
    return 0;
}
