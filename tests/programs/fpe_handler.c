/* SIGFPE: an integer division by zero, and an unmasked one of floating point; the handler mends the registers. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

static volatile int code;
static void *volatile address;

static void handler(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    (void)signal;
    code = info->si_code;
    address = info->si_addr;
    CHECK(address == (void *)interrupted->uc_mcontext.gregs[REG_RIP]);
    if (code == FPE_INTDIV)
        interrupted->uc_mcontext.gregs[REG_RCX] = 5;
    else
        interrupted->uc_mcontext.fpregs->mxcsr |= 0x1f80; /* masks all exceptions */
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGFPE, &action, NULL) == 0);
    long quotient = 35, divisor = 0;
    asm volatile("cqo; idiv %%rcx" : "+a"(quotient), "+c"(divisor) : : "rdx");
    CHECK(code == FPE_INTDIV && quotient == 7);
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() & ~0x200u); /* unmasks division by zero */
    volatile double zero = 0, infinite = 1 / zero;
    CHECK(code == FPE_FLTDIV && infinite > 1e308);
    puts("divided by zero, twice");
    return 0;
}
