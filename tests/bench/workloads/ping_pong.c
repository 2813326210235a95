/* ping_pong ROUNDS: two threads wake each other in turn, through one mutex and one condition variable. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static long rounds, served[2];
static long turn;

static void *play(void *argument) {
    long me = (long)argument;
    for (long i = 0; i < rounds; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me)
            pthread_cond_wait(&turned, &mutex);
        served[me]++;
        turn = !me;
        pthread_cond_signal(&turned);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t players[2];
    rounds = argc > 1 ? atol(argv[1]) : 20000;
    for (long i = 0; i < 2; i++)
        if (pthread_create(&players[i], NULL, play, (void *)i))
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(players[i], NULL);
    printf("%ld %ld\n", served[0], served[1]);
    return 0;
}
