/* A thread dies with mutexes on its robust list: each waiter is woken and told, asleep or not; what is pending counts too.
 * Compile: -pthread */
#include "threads.h"

enum { MUTEXES = 20 };

static pthread_mutex_t mutexes[MUTEXES];
static volatile uint32_t held;
static struct {
    struct robust_list_head head;
    struct robust_list entry;
    uint32_t word, pending_word;
    struct robust_list pending;
} raw;

static void *dies_with_all(void *sleepers)
{
    for (int i = 0; i < MUTEXES; i++)
        CHECK(pthread_mutex_lock(&mutexes[i]) == 0);
    CHECK(pthread_mutex_lock(&mutexes[3]) == EDEADLK);
    change(&held, 1);
    if (sleepers)
        usleep(10000);
    return NULL;
}

static void *waits_for(void *mutex)
{
    await_change(&held, 0);
    CHECK(pthread_mutex_lock(mutex) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(mutex) == 0 && pthread_mutex_unlock(mutex) == 0);
    return NULL;
}

/* A list of our own: one entry, one operation pending, and an entry that somebody else owns. */
static void *dies_with_raw_list(void *unused)
{
    raw.head.list.next = &raw.entry;
    raw.entry.next = &raw.head.list;
    raw.head.futex_offset = (char *)&raw.word - (char *)&raw.entry;
    raw.head.list_op_pending = (struct robust_list *)((char *)&raw.pending_word - raw.head.futex_offset);
    raw.word = (unsigned)thread_id() | FUTEX_WAITERS;
    raw.pending_word = (unsigned)thread_id();
    CHECK(syscall(SYS_set_robust_list, &raw.head, sizeof raw.head) == 0);
    return unused;
}

int main(void)
{
    pthread_mutexattr_t attributes;
    CHECK(pthread_mutexattr_init(&attributes) == 0 && pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
    CHECK(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0);
    for (int i = 0; i < MUTEXES; i++) {
        CHECK(pthread_mutexattr_setprotocol(&attributes, i % 4 == 1 ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE) == 0);
        CHECK(pthread_mutex_init(&mutexes[i], &attributes) == 0);
    }
    joined(started(dies_with_all, NULL));
    int dead = 0;
    for (int i = 0; i < MUTEXES; i++) {
        dead += pthread_mutex_lock(&mutexes[i]) == EOWNERDEAD;
        if (i != 7)
            CHECK(pthread_mutex_consistent(&mutexes[i]) == 0);
        CHECK(pthread_mutex_unlock(&mutexes[i]) == 0);
    }
    CHECK(pthread_mutex_lock(&mutexes[7]) == ENOTRECOVERABLE && pthread_mutex_destroy(&mutexes[7]) == 0);
    CHECK(pthread_mutex_init(&mutexes[7], &attributes) == 0);

    held = 0;
    pthread_t waiting[4], owner = started(dies_with_all, (void *)mutexes);
    for (int i = 0; i < 4; i++)
        waiting[i] = started(waits_for, &mutexes[i]);
    joined(owner);
    for (int i = 0; i < 4; i++)
        joined(waiting[i]);

    joined(started(dies_with_raw_list, NULL));
    printf("%d owners dead; the words are %#x and %#x\n", dead, raw.word, raw.pending_word);
    CHECK(raw.word == (FUTEX_WAITERS | FUTEX_OWNER_DIED) && raw.pending_word == FUTEX_OWNER_DIED);
    return 0;
}
