/* A program that is stopped while it computes, and stepped by a recorder, finds SIGTRAP blocked, ignored or handled as before.
 * Needs: PTRACE_SETSIGMASK */
#include "check.h"
#include <signal.h>
#include <time.h>

static volatile sig_atomic_t ticks, trapped;
static sigset_t trap;

static void tick(int signal)
{
    (void)signal;
    ticks++;
}

static void handler(int signal)
{
    (void)signal;
    trapped++;
}

static void compute_until_interrupted(void)
{
    int until = ticks + 3;
    for (volatile unsigned i = 0; ticks < until; i++)
        ;
}

static int is_blocked(void)
{
    sigset_t now;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0);
    return sigismember(&now, SIGTRAP);
}

static void disposition_is(void (*expected)(int))
{
    struct sigaction now;
    CHECK(sigaction(SIGTRAP, NULL, &now) == 0 && now.sa_handler == expected);
}

int main(void)
{
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    struct sigaction action = {.sa_handler = tick};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    timer_t timer;
    CHECK(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
    CHECK(timer_settime(timer, 0, &(struct itimerspec){{0, 30000000}, {0, 30000000}}, NULL) == 0);

    compute_until_interrupted();
    disposition_is(SIG_DFL);
    CHECK(!is_blocked());

    CHECK(signal(SIGTRAP, handler) == SIG_DFL && sigprocmask(SIG_BLOCK, &trap, NULL) == 0);
    compute_until_interrupted();
    CHECK(is_blocked());
    disposition_is(handler);
    CHECK(raise(SIGTRAP) == 0);
    compute_until_interrupted();
    CHECK(is_blocked() && trapped == 0);
    disposition_is(handler);
    CHECK(sigprocmask(SIG_UNBLOCK, &trap, NULL) == 0 && trapped == 1);
    asm volatile("int3");
    CHECK(trapped == 2);

    CHECK(signal(SIGTRAP, SIG_IGN) == handler);
    compute_until_interrupted();
    disposition_is(SIG_IGN);
    CHECK(raise(SIGTRAP) == 0);
    CHECK(sigprocmask(SIG_BLOCK, &trap, NULL) == 0);
    compute_until_interrupted();
    CHECK(is_blocked());
    disposition_is(SIG_IGN);
    puts("SIGTRAP as the program had it");
    return 0;
}
