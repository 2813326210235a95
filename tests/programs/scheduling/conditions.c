/* Condition variables: ping-pong, broadcast, waits that time out by either clock.
 * Compile: -pthread */
#include "threads.h"
#include <time.h>

enum { ROUNDS = 200, WAITERS = 6 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ping = PTHREAD_COND_INITIALIZER, pong = PTHREAD_COND_INITIALIZER, all = PTHREAD_COND_INITIALIZER;
static int turn, started_waiting, released, through;

static void *plays(void *own)
{
    pthread_mutex_lock(&mutex);
    for (int round = 0; round < ROUNDS; round++) {
        while (turn % 2 != (own != &ping))
            pthread_cond_wait(own, &mutex);
        turn++;
        pthread_cond_signal(own == &ping ? &pong : &ping);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void *waits(void *unused)
{
    pthread_mutex_lock(&mutex);
    started_waiting++;
    while (!released)
        pthread_cond_wait(&all, &mutex);
    through++;
    pthread_mutex_unlock(&mutex);
    return unused;
}

static void time_out(clockid_t clock)
{
    struct timespec time;
    CHECK(clock_gettime(clock, &time) == 0);
    time.tv_nsec += 3000000;
    if (time.tv_nsec >= 1000000000)
        time.tv_sec++, time.tv_nsec -= 1000000000;
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_clockwait(&ping, &mutex, clock, &time) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

int main(void)
{
    pthread_t threads[WAITERS], other = started(plays, &pong);
    plays(&ping);
    joined(other);
    time_out(CLOCK_REALTIME);
    time_out(CLOCK_MONOTONIC);
    for (int i = 0; i < WAITERS; i++)
        threads[i] = started(waits, NULL);
    pthread_mutex_lock(&mutex);
    while (started_waiting < WAITERS) {
        pthread_mutex_unlock(&mutex);
        usleep(300);
        pthread_mutex_lock(&mutex);
    }
    released = 1;
    pthread_cond_broadcast(&all);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < WAITERS; i++)
        joined(threads[i]);
    printf("%d turns, %d through\n", turn, through);
    return 0;
}
