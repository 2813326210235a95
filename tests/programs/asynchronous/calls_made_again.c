/* Threads that send themselves signals, under a fast timer: handlers run just before calls, which the kernel makes again
 * behind them, and turns end there.
 * Compile: -pthread */
#include "../threads.h"

#include <signal.h>
#include <sys/time.h>

enum { THREADS = 3, ROUNDS = 300, SPIN = 1000 };
static volatile unsigned long handled;

static void count(int signal)
{
    (void)signal;
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *send_and_compute(void *argument)
{
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1) == 0);
        for (volatile int spin = 0; spin < SPIN; spin++)
            ;
    }
    return argument;
}

int main(void)
{
    pthread_t threads[THREADS];
    CHECK(signal(SIGUSR1, count) != SIG_ERR && signal(SIGALRM, count) != SIG_ERR);
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        threads[i] = started(send_and_compute, NULL);
    for (int i = 0; i < THREADS; i++)
        joined(threads[i]);
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL) == 0);
    CHECK(handled >= THREADS * ROUNDS);
    return 0;
}
