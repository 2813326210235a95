/* As Go's runtime does: a thread that watches sends SIGURG by tgkill to those that compute; their handlers run on stacks of their own.
 * Output: varies
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>

enum { THREADS = 2, TICKS = 8 };

static volatile pid_t tids[THREADS];
static volatile uint64_t progress[THREADS], ticks[THREADS], seen[THREADS];
static __thread long own;

static void on_urgent(int signal, siginfo_t *info, void *context)
{
    char here;
    stack_t stack;
    (void)signal, (void)context;
    CHECK(info->si_code == SI_TKILL && sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_ONSTACK));
    CHECK(&here >= (char *)stack.ss_sp && &here < (char *)stack.ss_sp + stack.ss_size);
    seen[own] = seen[own] * 31 + progress[own];
    ticks[own]++;
}

static void *computes(void *argument)
{
    own = (long)argument;
    stack_t stack = {.ss_size = 65536};
    stack.ss_sp = malloc(stack.ss_size);
    CHECK(stack.ss_sp && sigaltstack(&stack, NULL) == 0);
    tids[own] = thread_id();
    while (ticks[own] < TICKS)
        progress[own]++;
    tids[own] = 0;
    // One that has been sent already must not find the stack gone.
    sigset_t urgent;
    CHECK(sigemptyset(&urgent) == 0 && sigaddset(&urgent, SIGURG) == 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &urgent, NULL) == 0);
    stack.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&stack, NULL) == 0);
    free(stack.ss_sp);
    return NULL;
}

static void *watches(void *unused)
{
    for (int idle = 0; idle < 2;) {
        idle = 0;
        usleep(1000);
        for (int i = 0; i < THREADS; i++) {
            pid_t tid = tids[i];
            if (tid)
                CHECK(syscall(SYS_tgkill, getpid(), tid, SIGURG) == 0 || errno == ESRCH);
            else
                idle += ticks[i] >= TICKS;
        }
    }
    return unused;
}

int main(void)
{
    pthread_t threads[THREADS + 1];
    struct sigaction action = {.sa_sigaction = on_urgent, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    CHECK(sigaction(SIGURG, &action, NULL) == 0);
    for (long i = 0; i <= THREADS; i++)
        threads[i] = started(i < THREADS ? computes : watches, (void *)i);
    for (int i = 0; i <= THREADS; i++)
        joined(threads[i]);
    for (int i = 0; i < THREADS; i++)
        printf("%lu urgent, at %lx, up to %lu\n", ticks[i], seen[i], progress[i]);
    return 0;
}
