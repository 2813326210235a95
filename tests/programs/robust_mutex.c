/* A robust mutex in shared memory whose owner dies: the kernel marks it, and the next one gets EOWNERDEAD. */
#include "check.h"
#include <pthread.h>
#include <sys/mman.h>

int main(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int line[2];
    char byte;
    CHECK(pipe(line) == 0 && pthread_mutexattr_init(&attributes) == 0);
    CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 && pthread_mutex_init(mutex, &attributes) == 0);
    for (int waiting = 0; waiting < 2; waiting++) {
        pid_t child = forked();
        if (child == 0) {
            CHECK(pthread_mutex_lock(mutex) == 0 && write(line[1], "*", 1) == 1);
            if (waiting)
                usleep(10000); /* the parent sleeps in futex by then */
            _exit(0);
        }
        CHECK(read(line[0], &byte, 1) == 1);
        if (!waiting)
            reap(child, 0);
        CHECK(pthread_mutex_lock(mutex) == EOWNERDEAD);
        CHECK(pthread_mutex_consistent(mutex) == 0 && pthread_mutex_unlock(mutex) == 0);
        if (waiting)
            reap(child, 0);
    }
    CHECK(pthread_mutex_lock(mutex) == 0 && pthread_mutex_unlock(mutex) == 0);
    puts("inherited");
    return 0;
}
