/* A handler on a stack of its own, whose frame lies far from the interrupted stack; once with a stack pointer that points nowhere.
 * Output: varies
 * Compile: -pthread -no-pie -fno-pie */
#include "threads.h"
#include <signal.h>
#include <sys/time.h>

enum { TICKS = 10 };

static char stack[65536];
static volatile uint64_t progress, ticks, seen;

static void on_tick(int signal)
{
    char here;
    (void)signal;
    CHECK(&here > stack && &here < stack + sizeof stack);
    seen = seen * 31 + progress;
    ticks++;
}

static void count_to(uint64_t limit)
{
    while (ticks < limit)
        progress++;
}

int main(void)
{
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_ONSTACK};
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {0};
    CHECK(sigaltstack(&own, NULL) == 0 && sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0);
    count_to(TICKS);
    /* A loop that uses rsp as a counter. */
    uint64_t kept, count;
    asm volatile("mov %%rsp, %[kept]; xor %%esp, %%esp; 1: inc %%rsp; cmpq %[limit], %[ticks]; jb 1b; mov %%rsp, %[count]; mov %[kept], %%rsp"
                 : [kept] "=&r"(kept), [count] "=&r"(count) : [limit] "r"(2ul * TICKS), [ticks] "m"(ticks) : "cc", "memory");
    CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
    printf("%lu ticks, at %lx, up to %lu and %lu\n", ticks, seen, progress, count);
    return 0;
}
