/* A fast timer in a program that a thread has executed that was not the leader, and has the leader's tid now.
 * Output: varies
 * Compile: -pthread */
#include "check.h"
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>

static volatile uint64_t progress, ticks;

static void on_tick(int signal)
{
    (void)signal;
    ticks++;
}

static void *executes(void *program)
{
    execl(program, program, "again", (char *)NULL);
    CHECK(!"execve failed");
    return program;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    if (count == 1) {
        CHECK(pthread_create(&thread, NULL, executes, arguments[0]) == 0);
        for (;;)
            pause();
    }
    struct itimerval timer = {{0, 300}, {0, 300}}, none = {0};
    CHECK(signal(SIGALRM, on_tick) != SIG_ERR && setitimer(ITIMER_REAL, &timer, NULL) == 0);
    while (progress < 3000000)
        progress++;
    CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
    printf("%lu ticks\n", ticks);
    return 0;
}
