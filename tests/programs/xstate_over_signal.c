/* Vector and x87 state survives handlers that use them, whether the signal is a fault or sent. */
#include "check.h"
#include <signal.h>
#include <ucontext.h>

typedef long long quad __attribute__((vector_size(16)));

static void clobber(int signal, siginfo_t *info, void *context)
{
    (void)info;
    asm volatile("pxor %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1; pxor %%xmm15, %%xmm15; fninit; fld1; fldpi" : : : "xmm0", "xmm1", "xmm15");
    if (signal == SIGILL)
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = clobber, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGILL, &action, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    const quad low = {1234, 5678}, high = {-1, 42};
    quad low_after, high_after;
    double sum;
    long result;
    asm volatile("movdqu %2, %%xmm0; movdqu %3, %%xmm15; fldpi; ud2; movdqu %%xmm0, %0; movdqu %%xmm15, %1"
                 : "=m"(low_after), "=m"(high_after) : "m"(low), "m"(high) : "xmm0", "xmm15", "memory");
    asm volatile("fstpl %0" : "=m"(sum));
    CHECK(low_after[0] == 1234 && low_after[1] == 5678 && high_after[0] == -1 && high_after[1] == 42 && sum > 3.14 && sum < 3.15);
    for (int round = 0; round < 10; round++) {
        asm volatile("movdqu %3, %%xmm0; movdqu %4, %%xmm15; syscall; movdqu %%xmm0, %1; movdqu %%xmm15, %2"
                     : "=a"(result), "=m"(low_after), "=m"(high_after)
                     : "m"(low), "m"(high), "a"(SYS_kill), "D"((long)getpid()), "S"(SIGUSR1)
                     : "rcx", "r11", "xmm0", "xmm15", "memory");
        CHECK(result == 0 && low_after[0] == 1234 && low_after[1] == 5678 && high_after[0] == -1 && high_after[1] == 42);
    }
    puts("vectors kept");
    return 0;
}
