/* A program that single-steps itself by the trap flag, over syscalls too. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

static volatile int steps;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    (void)context;
    steps++;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    long result;
    CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
    asm volatile("sub $128, %%rsp; pushf; orq $0x100, (%%rsp); popf; nop; mov $39, %%eax; syscall; nop; nop; pushf; andq $~0x100, (%%rsp); "
                 "popf; add $128, %%rsp"
                 : "=&a"(result) : : "rcx", "r11", "memory", "cc");
    CHECK(result == getpid());
    printf("%d steps\n", steps);
    return 0;
}
