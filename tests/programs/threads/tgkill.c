/* Signals to one thread of many: only that thread's handler runs, in that thread, with the value sent.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>

enum { THREADS = 6, ROUNDS = 10 };

static volatile uint32_t taken[THREADS], over;
static volatile pid_t tids[THREADS];
static __thread long number;
static __thread volatile long sum;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    CHECK(thread_id() == tids[number] && info->si_pid == getpid());
    sum = sum * 3 + (info->si_code == SI_QUEUE ? info->si_value.sival_int : 1);
    change(&taken[number], taken[number] + 1);
}

static void *takes(void *argument)
{
    number = (long)argument;
    tids[number] = thread_id();
    change(&taken[number], 1);
    await_change(&over, 0);
    return (void *)sum;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    for (long i = 0; i < THREADS; i++) {
        threads[i] = started(takes, (void *)i);
        await_change(&taken[i], 0);
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < THREADS; i++) {
            int target = (i * 5 + round) % THREADS;
            uint32_t before = taken[target];
            if (i % 3 == 0)
                CHECK(pthread_sigqueue(threads[target], SIGUSR1, (union sigval){.sival_int = 100 * round + i}) == 0);
            else if (i % 3 == 1)
                CHECK(syscall(SYS_tgkill, getpid(), tids[target], SIGUSR1) == 0);
            else
                CHECK(syscall(SYS_tkill, tids[target], SIGUSR1) == 0);
            await_change(&taken[target], before);
        }
    CHECK_FAILS(syscall(SYS_tgkill, getppid(), tids[0], SIGUSR1), ESRCH);
    change(&over, 1);
    for (int i = 0; i < THREADS; i++)
        printf("%ld\n", (long)joined(threads[i]));
    CHECK_FAILS(syscall(SYS_tgkill, getpid(), tids[0], SIGUSR1), ESRCH);
    return 0;
}
