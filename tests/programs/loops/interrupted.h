/* A loop that makes no syscall, interrupted in the middle of it in two ways: by a timer's signal every millisecond, whose
 * handler says after a while that it is over; and by another thread that computes beside it and then says so.
 * How far the loop had come when it saw that is known to nobody but the two that ran: so a replay that interrupts it one
 * round too early or too late prints something else. */
#ifndef INTERRUPTED_H
#define INTERRUPTED_H

#include "threads.h"
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

enum { TICKS = 12, OTHER_ROUNDS = 5000000 };

static volatile uint64_t over; /* loops end when it is not zero */
static volatile uint64_t ticks, seen, entered, other_progress;
static volatile const uint64_t *watched; /* what the handler looks at, if anything */
static void *volatile way_out;           /* where the handler sends a loop that never ends by itself, once */
static volatile int never_ends;          /* whether the loop is one of those */
static pthread_t loops;

/* For an endless loop: 2: is behind it. */
#define WAY_OUT "movl $1, never_ends(%%rip); leaq 2f(%%rip), %%rax; movq %%rax, way_out(%%rip); "
/* The end of a round: flags are the same each time, and no register changes. */
#define UNTIL_OVER "cmpq $0, over(%%rip); je 1b; "

static inline void every_millisecond(void)
{
    struct itimerval timer = {{0, 1000}, {0, 1000}};
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static inline void no_longer(void) { CHECK(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL) == 0); }

static inline void on_tick(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    if (watched)
        seen = seen * 31 + *watched;
    if (++ticks < TICKS)
        return;
    over = 1;
    if (way_out)
        ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)way_out;
    way_out = NULL;
}

static inline void by_ticks(void (*loop)(void))
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART};
    over = ticks = seen = 0;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    every_millisecond();
    loop();
    no_longer();
    CHECK(over == 1 && ticks >= TICKS);
}

static inline void *computes_beside(void *unused)
{
    uint64_t x = 1;
    while (!entered || (never_ends && !way_out))
        usleep(200);
    for (int i = 0; i < OTHER_ROUNDS; i++)
        other_progress = x = x * 6364136223846793005 + 1442695040888963407;
    if (never_ends) {
        ticks = TICKS - 1;
        CHECK(pthread_kill(loops, SIGALRM) == 0);
    } else {
        over = 1;
    }
    return unused;
}

static inline void by_thread(void (*loop)(void))
{
    over = ticks = seen = entered = 0;
    loops = pthread_self();
    pthread_t other = started(computes_beside, NULL);
    entered = 1;
    loop();
    joined(other);
}

/* Both ways.  The loop leaves in `reached` how far it came. */
static volatile uint64_t reached;

static inline void in_both_ways(const char *name, void (*loop)(void))
{
    by_ticks(loop);
    printf("%s: %lu, at the ticks %lx\n", name, reached, seen);
    by_thread(loop);
    printf("%s: %lu beside a thread\n", name, reached);
    never_ends = 0;
}

#endif
