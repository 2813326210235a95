/* The 128 bytes below the stack pointer belong to the function: a signal frame must not touch them. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

static void handler(int signal, siginfo_t *info, void *context)
{
    char big[4096];
    (void)info;
    memset(big, signal, sizeof big);
    asm volatile("" : : "r"(big) : "memory");
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGILL, &action, NULL) == 0);
    long first, last;
    asm volatile("movq $1111, -8(%%rsp); movq $2222, -128(%%rsp); ud2; mov -8(%%rsp), %0; mov -128(%%rsp), %1"
                 : "=r"(first), "=r"(last) : : "memory");
    CHECK(first == 1111 && last == 2222);
    puts("red zone kept");
    return 0;
}
