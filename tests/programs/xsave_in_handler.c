/* XSAVE in signal handlers, which begin with initial registers: it writes which ones are in use, as glibc's lazy binding
 * has it do, and a context switch on the way there may change what the CPU says to that.
 * Output: varies */
#include "check.h"
#include <cpuid.h>
#include <signal.h>

static char area[16384] __attribute__((aligned(64)));
static volatile int rounds;

static void handler(int signal)
{
    (void)signal;
    for (int i = 0; i < rounds; i++)
        __asm__ volatile("");
    __asm__ volatile("xsave %0" : "+m"(area) : "a"(0xee), "d"(0));
}

/* Whether XMM registers that hold their initial values are in use when XRSTOR says so.  On AMD's CPUs they are not; but
 * after the switch of a virtual CPU by its host they are, and nothing inside can tell or change that. */
static int keeps_mark(void)
{
    static char marked[sizeof area] __attribute__((aligned(64)));
    memcpy(marked + 24, &(unsigned){0x1f80}, 4); /* MXCSR */
    marked[512] = 2;
    __asm__ volatile("xrstor %1\n xsave %0" : "+m"(area) : "m"(marked), "a"(2), "d"(0) : "memory");
    return area[512] == 2;
}

int main(void)
{
    unsigned eax, ebx, ecx, edx;
    CHECK(signal(SIGUSR1, handler) != SIG_ERR && __get_cpuid(1, &eax, &ebx, &ecx, &edx));
    if (!(ecx & bit_OSXSAVE))
        return 77;
    SKIP_UNLESS(keeps_mark(), "this CPU goes by the values");
    for (int i = 0; i < 200; i++) {
        rounds = i * 10000;
        memset(area, 0, sizeof area);
        raise(SIGUSR1);
        putchar('0' + area[512]);
    }
    putchar('\n');
    return 0;
}
