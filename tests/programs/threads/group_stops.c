/* A process of many threads is stopped and continued: all stand still, all go on; killed while stopped; SIGTSTP with a handler.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <sys/mman.h>

enum { THREADS = 5, ROUNDS = 4 };

static volatile uint32_t *counts; /* shared with the parent */
static int never[2];

static void on_stop_key(int signal)
{
    (void)signal;
    counts[THREADS]++;
}

static void *works(void *argument)
{
    long number = (long)argument;
    char byte;
    if (number == 0)
        return (void *)(read(never[0], &byte, 1)); /* asleep all the time */
    for (;;) {
        counts[number]++;
        if (number == 1)
            usleep(100);
        else
            getppid();
    }
}

static void await_progress(void)
{
    uint32_t before[THREADS];
    for (int i = 1; i < THREADS; i++)
        before[i] = counts[i];
    for (int i = 1; i < THREADS; i++)
        while (counts[i] == before[i])
            usleep(200);
}

int main(void)
{
    counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(counts != MAP_FAILED && pipe(never) == 0);
    pid_t child = forked();
    if (child == 0) {
        CHECK(signal(SIGTSTP, on_stop_key) != SIG_ERR);
        for (long i = 0; i < THREADS; i++)
            started(works, (void *)i);
        for (;;)
            pause();
    }
    int status;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t seen[THREADS];
        await_progress();
        CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
        CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
        memcpy(seen, (void *)counts, sizeof seen);
        usleep(2000);
        CHECK(memcmp(seen, (void *)counts, sizeof seen) == 0);
        if (round == ROUNDS - 1)
            break;
        CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
        CHECK(kill(child, SIGTSTP) == 0);
        while (counts[THREADS] != (uint32_t)round + 1)
            usleep(200);
    }
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
    puts("stopped and continued");
    return 0;
}
