/* Points inside of signal handlers: one that computes is preempted by a thread, and interrupted by another handler.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static uint64_t in_handler;

static void computes_in_handler(int signal)
{
    (void)signal;
    for (in_handler = 0; !over; in_handler++)
        asm volatile("" : : : "memory");
    reached = in_handler;
}

static void raises(void) { CHECK(raise(SIGUSR1) == 0); }

static void on_own_stack(void)
{
    static char stack[65536];
    stack_t old, own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = computes_in_handler, .sa_flags = SA_ONSTACK};
    CHECK(sigaltstack(&own, &old) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
    raises();
    CHECK(sigaltstack(&old, NULL) == 0);
}

int main(void)
{
    watched = &in_handler;
    CHECK(signal(SIGUSR1, computes_in_handler) != SIG_ERR);
    in_both_ways("raised", raises);
    in_both_ways("on a stack of its own", on_own_stack);
    return 0;
}
