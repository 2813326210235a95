/* Three hundred threads that end as soon as they begin, joined, detached, while others are being made.
 * Compile: -pthread */
#include "threads.h"

enum { MAKERS = 3, EACH = 100 };

static volatile uint32_t ended;

static void *ends(void *detached)
{
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
    if (detached)
        syscall(SYS_futex, &ended, FUTEX_WAKE, 1, NULL, NULL, 0);
    return detached;
}

static void *makes(void *argument)
{
    pthread_attr_t detached;
    CHECK(pthread_attr_init(&detached) == 0 && pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED) == 0);
    CHECK(pthread_attr_setstacksize(&detached, 65536) == 0);
    for (int i = 0; i < EACH; i++) {
        pthread_t thread;
        if (i % 3 == 0) {
            CHECK(pthread_create(&thread, &detached, ends, (void *)&ended) == 0);
        } else {
            CHECK(joined(started(ends, NULL)) == NULL);
        }
    }
    return argument;
}

int main(void)
{
    pthread_t makers[MAKERS];
    for (int i = 0; i < MAKERS; i++)
        makers[i] = started(makes, NULL);
    for (int i = 0; i < MAKERS; i++)
        joined(makers[i]);
    for (uint32_t seen; (seen = ended) != MAKERS * EACH;)
        await_change(&ended, seen);
    printf("%u threads\n", ended);
    return 0;
}
