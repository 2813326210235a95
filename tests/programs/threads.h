/* Threads that must start and end well. */
#ifndef THREADS_H
#define THREADS_H

#include "check.h"
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>

static inline pthread_t started(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    return thread;
}

static inline void *joined(pthread_t thread)
{
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    return result;
}

static inline long futex(volatile void *word, int operation, unsigned value, const void *timeout_or_value, volatile void *second, unsigned third)
{
    return syscall(SYS_futex, word, operation, value, timeout_or_value, second, third);
}

/* Sleeps in futex until the word is another. */
static inline void await_change(volatile uint32_t *word, uint32_t from)
{
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == from)
        CHECK(futex(word, FUTEX_WAIT, from, NULL, NULL, 0) == 0 || errno == EAGAIN || errno == EINTR);
}

static inline void change(volatile uint32_t *word, uint32_t to)
{
    __atomic_store_n(word, to, __ATOMIC_SEQ_CST);
    CHECK(futex(word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0) >= 0);
}

static inline pid_t thread_id(void) { return (pid_t)syscall(SYS_gettid); }

#endif
