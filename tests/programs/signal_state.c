/* What the kernel reports of signals: old handlers, masks, pending sets, SA_RESETHAND, SA_NOCLDWAIT, fork inheriting. */
#include "check.h"
#include <signal.h>

static volatile int calls;

static void handler(int signal) { calls += signal == SIGUSR1; }

int main(void)
{
    struct sigaction once = {.sa_handler = handler, .sa_flags = SA_RESETHAND | SA_RESTART}, old;
    sigset_t set, now;
    sigemptyset(&once.sa_mask);
    sigaddset(&once.sa_mask, SIGHUP);
    CHECK(sigaction(SIGUSR1, &once, &old) == 0 && old.sa_handler == SIG_DFL);
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == handler && sigismember(&old.sa_mask, SIGHUP));
    CHECK(raise(SIGUSR1) == 0 && calls == 1 && sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
    CHECK_FAILS(sigaction(SIGKILL, &once, NULL), EINVAL);

    once.sa_flags = 0;
    CHECK(sigaction(SIGUSR1, &once, NULL) == 0);
    sigfillset(&set);
    CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0 && raise(SIGUSR1) == 0);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && !sigismember(&now, SIGKILL) && sigismember(&now, SIGUSR1));
    CHECK(sigpending(&now) == 0 && sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
    pid_t child = forked();
    if (child == 0) { /* the mask is inherited, what is pending is not */
        CHECK(sigpending(&now) == 0 && !sigismember(&now, SIGUSR1));
        CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
        CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == handler);
        _exit(0);
    }
    reap(child, 0);
    sigemptyset(&set);
    CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0 && calls == 2);

    struct sigaction no_zombies = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    CHECK(sigaction(SIGCHLD, &no_zombies, NULL) == 0);
    if (forked() == 0)
        _exit(0);
    CHECK_FAILS(wait(NULL), ECHILD);
    puts("as told");
    return 0;
}
