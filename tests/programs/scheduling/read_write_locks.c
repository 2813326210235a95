/* Read-write locks: readers together, writers alone, either preferred, with timeouts.
 * Compile: -pthread */
#include "threads.h"
#include <time.h>

enum { READERS = 4, WRITERS = 2, ROUNDS = 20 };

static pthread_rwlock_t lock;
static volatile long value, copy, readers;

static void *reads(void *unused)
{
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(pthread_rwlock_rdlock(&lock) == 0);
        __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
        CHECK(value == copy);
        if (round % 4 == 0)
            usleep(100);
        CHECK(value == copy);
        __atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
        CHECK(pthread_rwlock_unlock(&lock) == 0);
    }
    return unused;
}

static void *writes(void *unused)
{
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(pthread_rwlock_wrlock(&lock) == 0);
        CHECK(readers == 0);
        value++;
        if (round % 4 == 0)
            usleep(100);
        copy++;
        CHECK(pthread_rwlock_unlock(&lock) == 0);
    }
    return unused;
}

static void *fails(void *unused)
{
    struct timespec time;
    CHECK(clock_gettime(CLOCK_REALTIME, &time) == 0);
    CHECK(pthread_rwlock_trywrlock(&lock) == EBUSY && pthread_rwlock_timedwrlock(&lock, &time) == ETIMEDOUT);
    CHECK(pthread_rwlock_tryrdlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
    return unused;
}

int main(void)
{
    for (int kind = 0; kind < 2; kind++) {
        pthread_rwlockattr_t attributes;
        pthread_t threads[READERS + WRITERS];
        CHECK(pthread_rwlockattr_init(&attributes) == 0);
        CHECK(pthread_rwlockattr_setkind_np(&attributes, kind ? PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP : PTHREAD_RWLOCK_PREFER_READER_NP) == 0);
        CHECK(pthread_rwlock_init(&lock, &attributes) == 0);
        for (int i = 0; i < READERS + WRITERS; i++)
            threads[i] = started(i < READERS ? reads : writes, NULL);
        for (int i = 0; i < READERS + WRITERS; i++)
            joined(threads[i]);
        CHECK(pthread_rwlock_rdlock(&lock) == 0);
        joined(started(fails, NULL));
        CHECK(pthread_rwlock_unlock(&lock) == 0 && pthread_rwlock_destroy(&lock) == 0);
    }
    printf("%ld written\n", value);
    return 0;
}
