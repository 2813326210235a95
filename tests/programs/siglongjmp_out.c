/* Leaving a handler by siglongjmp, a thousand times: no sigreturn follows, the mask comes back all the same. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf back;
static int *volatile nowhere;

static void handler(int signal) { siglongjmp(back, signal); }

int main(void)
{
    CHECK(signal(SIGSEGV, handler) != SIG_ERR);
    volatile int jumps = 0;
    while (jumps < 1000)
        if (sigsetjmp(back, 1) == 0)
            *nowhere = 1;
        else
            jumps++;
    sigset_t mask;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &mask) == 0 && !sigismember(&mask, SIGSEGV));
    printf("%d jumps\n", jumps);
    return 0;
}
