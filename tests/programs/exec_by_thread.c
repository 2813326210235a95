/* execve by a thread that is not the leader, whatever the leader does meanwhile: waits, has exited or runs.
 * The caller gets the leader's tid, and the other threads are gone.
 * Compile: -pthread */
#include "check.h"
#include <pthread.h>

enum { ROUNDS = 6 };

static char *self, next_round[16];

static void *executes(void *unused)
{
    usleep(500);
    execl(self, self, next_round, (char *)NULL);
    CHECK(!"execve failed");
    return unused;
}

static void *sleeps(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void *runs(void *unused)
{
    for (;;)
        getppid();
    return unused;
}

int main(int count, char **arguments)
{
    int round = count > 1 ? atoi(arguments[1]) : 0;
    self = arguments[0];
    CHECK(syscall(SYS_gettid) == getpid());
    printf("round %d\n", round);
    fflush(stdout);
    if (round == ROUNDS)
        return 0;
    snprintf(next_round, sizeof next_round, "%d", round + 1);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, sleeps, NULL) == 0);
    CHECK(pthread_create(&thread, NULL, runs, NULL) == 0);
    CHECK(pthread_create(&thread, NULL, executes, NULL) == 0);
    if (round % 3 == 0)
        pthread_join(thread, NULL);
    if (round % 3 == 1)
        pthread_exit(NULL);
    runs(NULL);
}
