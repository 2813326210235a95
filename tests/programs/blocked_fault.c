/* A synchronous signal that is blocked or ignored kills all the same, and never runs a handler. */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>

static int *volatile nowhere;

static void never(int signal)
{
    (void)signal;
    _exit(99);
}

static void faulting_child(int signal, int blocked)
{
    pid_t child = forked();
    if (child == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
        if (blocked)
            CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
        struct sigaction action = {.sa_handler = blocked ? never : SIG_IGN};
        CHECK(sigaction(signal, &action, NULL) == 0);
        CHECK(kill(getpid(), signal) == 0); /* merely pending, or ignored */
        if (signal == SIGSEGV)
            *nowhere = 1;
        else if (signal == SIGILL)
            asm volatile("ud2");
        else if (signal == SIGTRAP)
            asm volatile("int3");
        else
            asm volatile("xor %%ecx, %%ecx; mov $1, %%eax; cqo; idiv %%rcx" : : : "rax", "rcx", "rdx", "cc");
        _exit(98);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

int main(void)
{
    static const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP};
    for (int i = 0; i < 4; i++) {
        faulting_child(signals[i], 1);
        faulting_child(signals[i], 0);
    }
    puts("eight deaths");
    return 0;
}
