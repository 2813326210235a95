/* SIGILL: ud2 is stepped over by the handler, ten times. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

static volatile int count;

static void handler(int signal, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    CHECK(signal == SIGILL && info->si_code == ILL_ILLOPN && info->si_addr == (void *)interrupted->uc_mcontext.gregs[REG_RIP]);
    interrupted->uc_mcontext.gregs[REG_RIP] += 2;
    count++;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGILL, &action, NULL) == 0);
    for (int i = 0; i < 10; i++)
        asm volatile("ud2");
    CHECK(count == 10);
    puts("ten illegal instructions");
    return 0;
}
