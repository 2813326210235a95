/* Two threads: "compute N" has each do N million rounds, "mutex N" takes a lock N times, "condvar N" hands a token over,
 * "barrier N" waits for the other N times in a loop that looks at memory. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long rounds;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void *computes(void *seed)
{
    uint64_t x = (uintptr_t)seed | 1;
    for (long i = 0; i < rounds * 1000000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return (void *)(uintptr_t)x;
}

static void *locks(void *unused)
{
    for (long done = 0; done < rounds; done++) {
        pthread_mutex_lock(&mutex);
        turn++;
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static void *waits(void *own)
{
    for (long done = 0; done < rounds; done++) {
        pthread_mutex_lock(&mutex);
        while (turn != (int)(uintptr_t)own)
            pthread_cond_wait(&changed, &mutex);
        turn = !turn;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *meets(void *unused)
{
    static atomic_long arrived;
    for (long met = 0; met < rounds; met++) {
        atomic_fetch_add(&arrived, 1);
        while (arrived < 2 * (met + 1))
            ;
    }
    return unused;
}

static void *(*by_name(const char *name))(void *)
{
    if (!strcmp(name, "compute"))
        return computes;
    if (!strcmp(name, "mutex"))
        return locks;
    return strcmp(name, "barrier") ? waits : meets;
}

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    void *(*run)(void *) = by_name(arguments[1]);
    rounds = atol(arguments[2]);
    pthread_t threads[2];
    void *result;
    for (uintptr_t i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, run, (void *)i))
            return 1;
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &result);
        printf("%lx\n", (unsigned long)(uintptr_t)result);
    }
    return 0;
}
