/* A thread that does nothing but sigwaitinfo takes what others send the process; another one times out.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <time.h>

enum { SENDERS = 3, EACH = 8 };

static sigset_t set;

static void *takes_all(void *unused)
{
    int sums[SENDERS] = {0}, latest[SENDERS] = {0};
    for (int i = 0; i < SENDERS * EACH; i++) {
        siginfo_t info;
        CHECK(sigwaitinfo(&set, &info) == SIGRTMIN + 1 && info.si_code == SI_QUEUE && info.si_pid == getpid());
        int sender = info.si_value.sival_int / 100, count = info.si_value.sival_int % 100;
        CHECK(count == ++latest[sender]);
        sums[sender] += info.si_value.sival_int;
    }
    for (int i = 0; i < SENDERS; i++)
        printf("%d\n", sums[i]);
    return unused;
}

static void *sends(void *argument)
{
    for (int i = 1; i <= EACH; i++) {
        CHECK(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 100 * (int)(long)argument + i}) == 0);
        if (i % 3 == 0)
            usleep(300);
    }
    return NULL;
}

static void *times_out(void *unused)
{
    sigset_t other;
    sigemptyset(&other);
    sigaddset(&other, SIGUSR2);
    CHECK_FAILS(sigtimedwait(&other, NULL, &(struct timespec){.tv_nsec = 3000000}), EAGAIN);
    return unused;
}

int main(void)
{
    pthread_t threads[SENDERS + 2];
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    threads[0] = started(takes_all, NULL);
    threads[1] = started(times_out, NULL);
    for (long i = 0; i < SENDERS; i++)
        threads[i + 2] = started(sends, (void *)i);
    for (int i = 0; i < SENDERS + 2; i++)
        joined(threads[i]);
    return 0;
}
