/* SIGCHLD: its handler reaps while the parent is interrupted in pause, in wait, and not at all. */
#include "check.h"
#include <signal.h>

static volatile int reaped, codes;

static void handler(int signal, siginfo_t *info, void *context)
{
    int status, saved = errno;
    (void)signal;
    (void)context;
    codes += info->si_code == CLD_EXITED || info->si_code == CLD_KILLED;
    while (waitpid(-1, &status, WNOHANG) > 0)
        reaped++;
    errno = saved;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NOCLDSTOP};
    sigset_t set, old;
    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (int i = 0; i < 20; i++) {
        CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
        pid_t child = forked();
        if (child == 0) {
            if (i % 3 == 0)
                usleep(2000);
            _exit(i);
        }
        while (reaped <= i)
            sigsuspend(&old);
        CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    }
    CHECK(reaped == 20 && codes >= 20);

    action.sa_flags |= SA_RESTART;
    CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
    pid_t last = forked();
    if (last == 0) {
        usleep(5000);
        _exit(0);
    }
    int status;
    pid_t waited = wait(&status); /* either wait gets it or the handler does */
    CHECK(waited == last ? reaped == 20 : waited == -1 && errno == ECHILD && reaped == 21);
    puts("twenty-one children");
    return 0;
}
