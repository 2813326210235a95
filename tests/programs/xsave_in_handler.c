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

int main(void)
{
    unsigned eax, ebx, ecx, edx;
    CHECK(signal(SIGUSR1, handler) != SIG_ERR && __get_cpuid(1, &eax, &ebx, &ecx, &edx));
    if (!(ecx & bit_OSXSAVE))
        return 77;
    for (int i = 0; i < 200; i++) {
        rounds = i * 10000;
        memset(area, 0, sizeof area);
        raise(SIGUSR1);
        putchar('0' + area[512]);
    }
    putchar('\n');
    return 0;
}
