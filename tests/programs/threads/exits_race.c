/* Processes that end while their threads end, begin and clone: whichever comes first, nothing is left and the status is right.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>

enum { ROUNDS = 15 };

static void *returns(void *argument) { return argument; }

static void *exits_process(void *argument)
{
    if (argument)
        usleep(*(unsigned *)argument);
    _exit(3);
}

static void *kills_process(void *argument)
{
    (void)argument;
    kill(getpid(), SIGKILL);
    return NULL;
}

static void one(unsigned round)
{
    unsigned delay = 100 * round;
    void *(*ends)(void *) = round % 2 ? exits_process : kills_process;
    for (int i = 0; i < 4; i++) {
        started(returns, NULL);
        started(i == 2 ? ends : returns, &delay);
    }
    switch (round % 3) {
    case 0: exits_process(NULL); break;
    case 1: pthread_exit(NULL); break;
    default:
        for (;;)
            joined(started(returns, NULL));
    }
}

int main(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t child = forked();
        int status;
        if (child == 0)
            one(round);
        CHECK(waitpid(child, &status, 0) == child && (status == 3 << 8 || (status == SIGKILL && round % 2 == 0)));
    }
    puts("all ended");
    return 0;
}
