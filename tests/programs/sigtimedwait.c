/* Signals taken by sigwaitinfo and sigtimedwait instead of a handler, with their values; a timeout; an interruption by another. */
#include "check.h"
#include <signal.h>
#include <sys/time.h>

static void handler(int signal) { (void)signal; }

int main(void)
{
    sigset_t set;
    siginfo_t info;
    struct sigaction action = {.sa_handler = handler};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 1);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    CHECK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77}) == 0);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_value.sival_int == 77 && info.si_code == SI_QUEUE && info.si_pid == getpid());
    CHECK_FAILS(sigtimedwait(&set, &info, &(struct timespec){.tv_nsec = 1000000}), EAGAIN);
    CHECK_FAILS(sigtimedwait(&set, &info, &(struct timespec){0}), EAGAIN);

    pid_t child = forked();
    if (child == 0) {
        usleep(10000);
        _exit(sigqueue(getppid(), SIGRTMIN + 1, (union sigval){.sival_ptr = (void *)0x123456789abc}));
    }
    CHECK(sigtimedwait(&set, &info, &(struct timespec){.tv_sec = 20}) == SIGRTMIN + 1);
    CHECK(info.si_pid == child && info.si_value.sival_ptr == (void *)0x123456789abc);
    reap(child, 0);

    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 10000}, NULL) == 0);
    CHECK_FAILS(sigwaitinfo(&set, &info), EINTR);
    puts("taken");
    return 0;
}
