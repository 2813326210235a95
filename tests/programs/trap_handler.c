/* SIGTRAP is the program's own: int3, single-stepping itself by the trap flag, and kill. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

static volatile int breakpoints, steps, sent, last_code;

static void handler(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    CHECK(signal == SIGTRAP);
    last_code = info->si_code;
    if (info->si_code == SI_KERNEL)
        breakpoints++;
    else if (info->si_code == TRAP_TRACE) {
        if (++steps == 5)
            interrupted->uc_mcontext.gregs[REG_EFL] &= ~0x100;
    } else if (info->si_pid == getpid())
        sent++;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    for (int i = 0; i < 5; i++)
        asm volatile("int3");
    CHECK(breakpoints == 5 && last_code == SI_KERNEL);
    CHECK(kill(getpid(), SIGTRAP) == 0 && sent == 1 && last_code == SI_USER);
    CHECK(raise(SIGTRAP) == 0 && sent == 2 && last_code == SI_TKILL);
    asm volatile("pushf; orq $0x100, (%%rsp); popf; nop; nop; nop; nop; nop; nop; nop" : : : "memory", "cc");
    CHECK(steps == 5);
    pid_t child = forked();
    if (child == 0) {
        signal(SIGTRAP, SIG_DFL);
        asm volatile("int3");
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
    puts("every trap");
    return 0;
}
