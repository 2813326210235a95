/* An alarm set before execve comes after it; a pending signal stays pending; a handled one becomes default and kills. */
#include "check.h"
#include <signal.h>
#include <sys/time.h>

static void never(int signal) { _exit(signal); }

int main(int count, char **arguments)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGUSR2);
    if (count > 1 && arguments[1][0] == 'w') {
        int got;
        CHECK(sigwait(&set, &got) == 0 && got == SIGUSR2);
        CHECK(sigwait(&set, &got) == 0 && got == SIGALRM);
        _exit(5);
    }
    if (count > 1)
        for (;;)
            pause();
    pid_t child = forked();
    if (child == 0) {
        CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR2) == 0);
        CHECK(setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 30000}, NULL) == 0);
        execl("/proc/self/exe", "program", "waits", NULL);
    }
    reap(child, 5 << 8);
    child = forked();
    if (child == 0) {
        CHECK(signal(SIGALRM, never) != SIG_ERR);
        CHECK(setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 30000}, NULL) == 0);
        execl("/proc/self/exe", "program", "pauses", NULL);
    }
    reap(child, SIGALRM);
    puts("alarmed");
    return 0;
}
