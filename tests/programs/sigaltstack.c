/* An overflow of the main stack is handled on the alternate one; SS_AUTODISARM; what sigaltstack reports meanwhile. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static char memory[65536];
static sigjmp_buf back;
static volatile int flags_inside, on_it;

static void handler(int signal)
{
    stack_t now;
    char here;
    CHECK(sigaltstack(NULL, &now) == 0);
    flags_inside = now.ss_flags;
    on_it = &here > memory && &here < memory + sizeof memory;
    if (on_it && !(now.ss_flags & SS_DISABLE)) /* not to be changed while in use */
        CHECK_FAILS(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), EPERM);
    if (signal == SIGSEGV)
        siglongjmp(back, 1);
}

static __attribute__((noinline)) int endless(volatile char *above)
{
    volatile char page[4096];
    page[0] = above ? above[0] : 1;
    return page[0] ? endless(page) + page[0] : 0;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    stack_t alternate = {.ss_sp = memory, .ss_size = sizeof memory}, old;
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
    limit.rlim_cur = 1 << 20;
    CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
    CHECK(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    for (volatile int round = 0; round < 3; round++)
        if (sigsetjmp(back, 1) == 0)
            endless(NULL);
    CHECK(on_it && flags_inside == SS_ONSTACK);

    alternate.ss_flags = SS_AUTODISARM;
    if (sigaltstack(&alternate, NULL) == 0) { /* 4.7 and later */
        CHECK(raise(SIGUSR1) == 0 && on_it && flags_inside == SS_DISABLE);
        CHECK(sigaltstack(NULL, &old) == 0 && old.ss_flags == (int)SS_AUTODISARM && old.ss_sp == memory);
    }
    CHECK(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, &old) == 0);
    CHECK(raise(SIGUSR1) == 0 && !on_it);
    puts("two stacks");
    return 0;
}
