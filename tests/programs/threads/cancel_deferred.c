/* pthread_cancel at cancellation points: in read, sleep, a condition, a semaphore; cleanup handlers; cancellation disabled.
 * Compile: -pthread */
#include "threads.h"
#include <semaphore.h>

enum { KINDS = 5 };

static int line[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static volatile uint32_t there;
static char trail[KINDS][8];

static void cleans(void *place) { strcat(place, "c"); }

static void unlocks(void *place)
{
    strcat(place, "u");
    CHECK(pthread_mutex_unlock(&mutex) == 0);
}

static void waits_for_condition(char *place)
{
    CHECK(pthread_mutex_lock(&mutex) == 0);
    pthread_cleanup_push(unlocks, place);
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
}

static void *is_cancelled(void *argument)
{
    long kind = (long)argument;
    char byte, *place = trail[kind];
    int old;
    pthread_cleanup_push(cleans, place);
    CHECK(pthread_setcancelstate(kind == 4 ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE, &old) == 0);
    change(&there, (uint32_t)kind + 1);
    switch (kind) {
    case 0: CHECK(read(line[0], &byte, 1) == 1); break;
    case 1: sleep(1000); break;
    case 2: waits_for_condition(place); break;
    case 3: sem_wait(&semaphore); break;
    default:
        await_change(&there, 5); /* by then it has been asked to go */
        strcat(place, "d");
        CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old) == 0);
        pthread_testcancel();
    }
    strcat(place, "!");
    pthread_cleanup_pop(0);
    return NULL;
}

int main(void)
{
    CHECK(pipe(line) == 0 && sem_init(&semaphore, 0, 0) == 0);
    for (long kind = 0; kind < KINDS; kind++) {
        pthread_t thread = started(is_cancelled, (void *)kind);
        await_change(&there, (uint32_t)kind);
        if (kind % 2)
            usleep(2000); /* asleep by then, or not */
        CHECK(pthread_cancel(thread) == 0);
        if (kind == 4)
            change(&there, 6);
        CHECK(joined(thread) == PTHREAD_CANCELED);
        puts(trail[kind]);
    }
    CHECK(pthread_mutex_lock(&mutex) == 0);
    return 0;
}
