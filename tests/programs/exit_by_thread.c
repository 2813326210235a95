/* A thread that is not the leader ends the process, by _exit or by a signal, while the leader and others run.
 * Compile: -pthread */
#include "check.h"
#include <pthread.h>
#include <signal.h>

enum { ROUNDS = 20 };

static void *ends_process(void *by_signal)
{
    for (int i = 0; i < 300; i++)
        getppid();
    if (by_signal)
        raise(SIGKILL);
    _exit(7);
}

int main(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = forked();
        if (child == 0) {
            pthread_t thread;
            for (int i = 0; i < 3; i++)
                CHECK(pthread_create(&thread, NULL, ends_process, round & 1 ? &thread : NULL) == 0);
            for (;;)
                getppid();
        }
        reap(child, round & 1 ? SIGKILL : 7 << 8);
    }
    puts("all ended");
    return 0;
}
