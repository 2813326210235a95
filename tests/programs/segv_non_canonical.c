/* Faults without an address: a non-canonical pointer, a privileged instruction, a jump to nowhere. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t seen;
static greg_t at;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    seen = *info;
    at = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    siglongjmp(back, 1);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    if (sigsetjmp(back, 1) == 0)
        asm volatile("mov (%0), %%rax" : : "r"(0x8000000000000000) : "rax", "memory");
    CHECK(seen.si_code == SI_KERNEL && seen.si_addr == NULL);
    seen.si_code = 0;
    if (sigsetjmp(back, 1) == 0)
        asm volatile("hlt");
    CHECK(seen.si_code == SI_KERNEL);
    if (sigsetjmp(back, 1) == 0)
        asm volatile("jmp *%0" : : "r"(0x1234L));
    CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == (void *)0x1234 && at == 0x1234);
    puts("three faults");
    return 0;
}
