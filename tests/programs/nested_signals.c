/* Handlers interrupted by handlers: SA_NODEFER, sa_mask, several pending signals at once, a fault within a handler. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

static char trail[64];
static volatile int length, depth;

static void note(char what) { trail[length++] = what; }

static void recursive(int signal)
{
    note('0' + depth++);
    if (depth < 4)
        raise(signal);
    note('a' + --depth);
}

static void outer(int signal)
{
    note('(');
    raise(signal == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    asm volatile("ud2");
    note(')');
}

static void inner(int signal, siginfo_t *info, void *context)
{
    (void)info;
    note(signal == SIGILL ? 'i' : 'u');
    if (signal == SIGILL)
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(void)
{
    struct sigaction again = {.sa_handler = recursive, .sa_flags = SA_NODEFER};
    struct sigaction fault = {.sa_sigaction = inner, .sa_flags = SA_SIGINFO};
    struct sigaction around = {.sa_handler = outer};
    sigset_t set;
    CHECK(sigaction(SIGHUP, &again, NULL) == 0 && raise(SIGHUP) == 0);
    CHECK(strcmp(trail, "0123dcba") == 0);

    length = 0;
    memset(trail, 0, sizeof trail);
    sigaddset(&around.sa_mask, SIGUSR2);
    CHECK(sigaction(SIGUSR1, &around, NULL) == 0 && sigaction(SIGUSR2, &fault, NULL) == 0 && sigaction(SIGILL, &fault, NULL) == 0);
    CHECK(raise(SIGUSR1) == 0 && strcmp(trail, "(i)u") == 0);

    length = 0;
    memset(trail, 0, sizeof trail);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    depth = 3;
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGHUP);
    CHECK(length == 0 && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
    printf("%s\n", trail);
    CHECK(strlen(trail) >= 6);
    return 0;
}
