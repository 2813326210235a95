/* SECCOMP_RET_TRAP: SIGSYS with the call's number, address and data in siginfo; the handler gives the result. */
#include "seccomp.h"
#include <signal.h>
#include <ucontext.h>

static volatile int traps;

static void handler(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    CHECK(signal == SIGSYS && info->si_code == 1 /* SYS_SECCOMP */ && info->si_errno == 77 && info->si_syscall == SYS_getppid);
    CHECK(info->si_call_addr == (void *)interrupted->uc_mcontext.gregs[REG_RIP] && info->si_arch == 0xc000003e);
    CHECK(interrupted->uc_mcontext.gregs[REG_RAX] == SYS_getppid);
    interrupted->uc_mcontext.gregs[REG_RAX] = 4000 + ++traps;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSYS, &action, NULL) == 0 && filter_syscall(SYS_getppid, SECCOMP_RET_TRAP | 77, 0) == 0);
    for (int i = 1; i <= 10; i++)
        CHECK(syscall(SYS_getppid) == 4000 + i);
    pid_t child = forked();
    if (child == 0) {
        signal(SIGSYS, SIG_DFL);
        syscall(SYS_getppid);
        _exit(1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS && traps == 10);
    puts("trapped");
    return 0;
}
