/* Handlers that leave a loop by siglongjmp, one that computes, one that is deep in calls; no sigreturn follows.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

enum { JUMPS = 12 };

static sigjmp_buf back;
static volatile uint64_t progress, seen;

static void on_tick(int signal)
{
    seen = seen * 31 + progress;
    siglongjmp(back, signal);
}

static __attribute__((noinline)) uint64_t fibonacci(uint64_t n)
{
    progress++;
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

int main(void)
{
    struct itimerval once = {.it_value.tv_usec = 1500};
    volatile int jumps = 0;
    CHECK(signal(SIGALRM, on_tick) != SIG_ERR);
    while (jumps < JUMPS) {
        if (sigsetjmp(back, 1)) {
            jumps++;
            continue;
        }
        CHECK(setitimer(ITIMER_REAL, &once, NULL) == 0);
        if (jumps % 2)
            for (;;)
                progress++;
        fibonacci(60);
    }
    printf("%d jumps, at %lx, up to %lu\n", jumps, seen, progress);
    return 0;
}
