/* fork from threads while others allocate: the child has one thread, with its caller's thread-local storage, and works.
 * Compile: -pthread */
#include "threads.h"

enum { FORKERS = 3, ROUNDS = 5 };

static __thread long own;
static volatile int over;
static int prepared, in_parent, in_child;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void prepare(void) { pthread_mutex_lock(&mutex), prepared++; }
static void parent(void) { in_parent++, pthread_mutex_unlock(&mutex); }
static void child(void) { in_child++, pthread_mutex_unlock(&mutex); }

static void *allocates(void *unused)
{
    while (!over) {
        free(malloc(3000));
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        usleep(50);
    }
    return unused;
}

static void *returns(void *argument) { return argument; }

static void *forks(void *argument)
{
    own = (long)argument;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t made = fork();
        CHECK(made >= 0);
        if (made == 0) {
            CHECK(own == (long)argument && thread_id() == getpid() && in_child == 1);
            free(malloc(100000));
            CHECK(joined(started(returns, &own)) == &own);
            _exit((int)own + 10);
        }
        reap(made, ((int)own + 10) << 8);
    }
    return NULL;
}

int main(void)
{
    pthread_t forkers[FORKERS];
    CHECK(pthread_atfork(prepare, parent, child) == 0);
    pthread_t allocator = started(allocates, NULL);
    for (long i = 0; i < FORKERS; i++)
        forkers[i] = started(forks, (void *)i);
    for (int i = 0; i < FORKERS; i++)
        joined(forkers[i]);
    over = 1;
    joined(allocator);
    printf("prepared %d, in the parent %d, in a child %d\n", prepared, in_parent, in_child);
    return 0;
}
