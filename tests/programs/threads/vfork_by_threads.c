/* vfork from several threads at once: each caller waits for its child's execve, the others go on meanwhile.
 * Compile: -pthread */
#include "threads.h"

enum { THREADS = 4, ROUNDS = 5 };

static char *self;
static volatile long counters[THREADS + 1];

static void *makes_children(void *argument)
{
    long number = (long)argument;
    char code[2] = {(char)('1' + number), 0};
    for (volatile int round = 0; round < ROUNDS; round++) {
        volatile int shared = 0;
        pid_t child = vfork();
        if (child == 0) {
            shared = 5; /* in the parent's memory */
            if (round % 2)
                _exit('1' + (int)number - '0');
            execl(self, self, code, (char *)NULL);
            _exit(99);
        }
        CHECK(child > 0 && shared == 5);
        reap(child, (int)(1 + number) << 8);
        counters[number]++;
    }
    return NULL;
}

static void *goes_on(void *unused)
{
    while (counters[0] + counters[1] + counters[2] + counters[3] < THREADS * ROUNDS) {
        counters[THREADS]++;
        usleep(100);
    }
    return unused;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS + 1];
    if (count > 1)
        return atoi(arguments[1]);
    self = arguments[0];
    for (long i = 0; i < THREADS; i++)
        threads[i] = started(makes_children, (void *)i);
    threads[THREADS] = started(goes_on, NULL);
    for (int i = 0; i <= THREADS; i++)
        joined(threads[i]);
    CHECK(counters[THREADS] > 0);
    puts("twenty children");
    return 0;
}
