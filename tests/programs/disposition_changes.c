/* One thread sends itself signals while another makes them ignored and caught in turn: what becomes of each is decided
 * once, and the thread does not lose its turn between that and the signal's delivery.
 * Output: varies
 * Compile: -pthread */
#include "check.h"
#include <pthread.h>
#include <signal.h>

static volatile int handled, over;

static void count(int number)
{
    (void)number;
    handled++;
}

static void *changes(void *unused)
{
    while (!over) {
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR1, count);
    }
    return unused;
}

int main(void)
{
    pthread_t thread;
    signal(SIGUSR1, count);
    CHECK(pthread_create(&thread, NULL, changes, NULL) == 0);
    for (int i = 0; i < 1500; i++)
        raise(SIGUSR1);
    over = 1;
    CHECK(pthread_join(thread, NULL) == 0);
    printf("%d handled\n", handled);
    return 0;
}
