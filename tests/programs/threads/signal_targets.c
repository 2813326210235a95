/* Which thread takes a signal sent to the process: one that does not block it; else it waits for who unblocks it first.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <sys/signalfd.h>

enum { THREADS = 4, OPEN = 2 };

static volatile uint32_t ready, go[THREADS], taken;
static volatile pid_t tids[THREADS], taker;
static sigset_t usr1;

static void handler(int signal)
{
    (void)signal;
    taker = thread_id();
    change(&taken, taken + 1);
}

static void *waits(void *argument)
{
    long number = (long)argument;
    tids[number] = thread_id();
    CHECK(pthread_sigmask(number == OPEN ? SIG_UNBLOCK : SIG_BLOCK, &usr1, NULL) == 0);
    change(&ready, (uint32_t)number + 1);
    await_change(&go[number], 0);
    CHECK(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
    change(&ready, 100 + (uint32_t)number);
    await_change(&go[number], 1);
    CHECK(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL) == 0); /* the first one has the signal at once */
    if (number == 0)
        CHECK(taken == 3 && taker == thread_id());
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct signalfd_siginfo read_info;
    sigset_t pending;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    CHECK(signal(SIGUSR1, handler) != SIG_ERR && pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
    for (long i = 0; i < THREADS; i++) {
        threads[i] = started(waits, (void *)i);
        await_change(&ready, (uint32_t)i);
    }
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(kill(getpid(), SIGUSR1) == 0);
        await_change(&taken, i);
        CHECK(taker == tids[OPEN]);
    }
    for (long i = 0; i < THREADS; i++) {
        uint32_t before = ready;
        change(&go[i], 1);
        await_change(&ready, before);
    }
    /* Now all block it: one signal, once, however often it is sent. */
    CHECK(kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && taken == 2);
    for (long i = 0; i < THREADS; i++) {
        change(&go[i], 2);
        joined(threads[i]);
    }
    CHECK(taken == 3);
    int descriptor = signalfd(-1, &usr1, 0);
    CHECK(descriptor >= 0 && kill(getpid(), SIGUSR1) == 0 && read(descriptor, &read_info, sizeof read_info) == sizeof read_info);
    CHECK(read_info.ssi_signo == SIGUSR1 && read_info.ssi_pid == (uint32_t)getpid() && taken == 3);
    puts("each taken by the right one");
    return 0;
}
