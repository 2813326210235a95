/* Semaphores of threads and of processes, with and without a name; a queue between producers and consumers.
 * Compile: -pthread */
#include "threads.h"
#include <semaphore.h>
#include <sys/mman.h>
#include <time.h>

enum { PRODUCERS = 3, EACH = 40, ROOM = 4 };

static sem_t room, filled;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long queue[ROOM];
static int head, tail;

static void *produces(void *argument)
{
    for (int i = 0; i < EACH; i++) {
        CHECK(sem_wait(&room) == 0);
        pthread_mutex_lock(&mutex);
        queue[head++ % ROOM] = (long)argument * EACH + i;
        pthread_mutex_unlock(&mutex);
        CHECK(sem_post(&filled) == 0);
    }
    return NULL;
}

static void *consumes(void *argument)
{
    long sum = 0;
    for (int i = 0; i < EACH; i++) {
        CHECK(sem_wait(&filled) == 0);
        pthread_mutex_lock(&mutex);
        sum += queue[tail++ % ROOM];
        pthread_mutex_unlock(&mutex);
        CHECK(sem_post(&room) == 0);
    }
    (void)argument;
    return (void *)sum;
}

static void between_processes(sem_t *there, sem_t *back)
{
    pid_t child = forked();
    for (int i = 0; i < 20; i++) {
        CHECK(sem_post(child ? there : back) == 0);
        CHECK(sem_wait(child ? back : there) == 0);
    }
    if (child == 0)
        _exit(0);
    reap(child, 0);
}

int main(void)
{
    pthread_t threads[2 * PRODUCERS];
    long sum = 0;
    struct timespec time;
    CHECK(sem_init(&room, 0, ROOM) == 0 && sem_init(&filled, 0, 0) == 0);
    CHECK_FAILS(sem_trywait(&filled), EAGAIN);
    CHECK(clock_gettime(CLOCK_REALTIME, &time) == 0);
    CHECK_FAILS(sem_timedwait(&filled, &time), ETIMEDOUT);
    for (long i = 0; i < 2 * PRODUCERS; i++)
        threads[i] = started(i < PRODUCERS ? produces : consumes, (void *)i);
    for (int i = 0; i < 2 * PRODUCERS; i++)
        sum += (long)joined(threads[i]);

    sem_t *pair = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(pair != MAP_FAILED && sem_init(&pair[0], 1, 0) == 0 && sem_init(&pair[1], 1, 0) == 0);
    between_processes(&pair[0], &pair[1]);
    char name[40];
    snprintf(name, sizeof name, "/redrive-%d", getpid());
    sem_t *named = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
    CHECK(named != SEM_FAILED && sem_unlink(name) == 0);
    between_processes(named, &pair[0]);
    printf("%ld\n", sum);
    return 0;
}
