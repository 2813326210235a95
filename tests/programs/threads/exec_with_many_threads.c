/* execve while thirty threads sleep, wait, read, and make syscalls: all are gone, and the caller is the leader.
 * Compile: -pthread */
#include "threads.h"
#include <poll.h>

enum { THREADS = 30, ROUNDS = 4 };

static char *self, next_round[16];
static int never[2];
static volatile uint32_t word, all_are_there;

static void *is_busy(void *argument)
{
    char byte;
    for (long kind = (long)argument;;)
        switch (kind % 6) {
        case 0: pause(); break;
        case 1: CHECK(read(never[0], &byte, 1) == 1); break;
        case 2: usleep(200); break;
        case 3: getppid(); break;
        case 4: await_change(&word, 0); break;
        default: poll(&(struct pollfd){.fd = never[0], .events = POLLIN}, 1, 1);
        }
}

static void *executes(void *unused)
{
    /* While a thread is in execve, others are refused new ones: EAGAIN, copy_fs of kernel/fork.c. */
    await_change(&all_are_there, 0);
    usleep(3000);
    execl(self, self, next_round, (char *)NULL);
    CHECK(!"execve failed");
    return unused;
}

int main(int count, char **arguments)
{
    int round = count > 1 ? atoi(arguments[1]) : 0;
    self = arguments[0];
    CHECK(thread_id() == getpid() && pipe2(never, O_CLOEXEC) == 0);
    dprintf(1, "round %d\n", round);
    if (round == ROUNDS)
        return 0;
    snprintf(next_round, sizeof next_round, "%d", round + 1);
    for (long i = 0; i < THREADS; i++) {
        if (i == THREADS / 2)
            started(executes, NULL);
        started(is_busy, (void *)i);
    }
    change(&all_are_there, 1);
    is_busy((void *)(long)round);
}
