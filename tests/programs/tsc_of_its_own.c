/* The program forbids itself rdtsc by prctl: it gets its SIGSEGV, and PR_GET_TSC tells the truth, below our own use of the same switch. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>

static sigjmp_buf back;

static void handler(int signal) { siglongjmp(back, signal); }

int main(void)
{
    int mode = 0;
    CHECK(prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_ENABLE);
    asm volatile("rdtsc" : : : "rax", "rdx");
    CHECK(signal(SIGSEGV, handler) != SIG_ERR && prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
    CHECK(prctl(PR_GET_TSC, &mode) == 0 && mode == PR_TSC_SIGSEGV);
    if (sigsetjmp(back, 1) == 0) {
        asm volatile("rdtsc" : : : "rax", "rdx");
        CHECK(!"rdtsc was allowed");
    }
    CHECK(prctl(PR_SET_TSC, PR_TSC_ENABLE) == 0);
    asm volatile("rdtsc" : : : "rax", "rdx");
    puts("forbidden and allowed");
    return 0;
}
