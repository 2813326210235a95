/* futex_waitv, and futex_wait, wake and requeue as syscalls of their own, where the kernel has them.
 * Compile: -pthread */
#include "threads.h"
#include <time.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
enum { WAKE = 454, WAIT = 455, REQUEUE = 456, SIZE_U32 = 2, PRIVATE = 128 };

struct waiter {
    uint64_t value, address;
    uint32_t flags, reserved;
};

static volatile uint32_t words[3];

static struct waiter at(int index) { return (struct waiter){0, (uintptr_t)&words[index], SIZE_U32 | PRIVATE, 0}; }

static void *waits_for_any(void *unused)
{
    struct waiter waiters[] = {at(0), at(1), at(2)};
    long index = syscall(SYS_futex_waitv, waiters, 3, 0, NULL, CLOCK_MONOTONIC);
    if (index < 0 && errno == ENOSYS)
        return (void *)77L;
    return index < 0 && errno == EAGAIN ? (void *)2L : unused ? NULL : (void *)index;
}

static void *waits(void *unused)
{
    long result = syscall(WAIT, &words[0], 0, UINT32_MAX, SIZE_U32 | PRIVATE, NULL, CLOCK_MONOTONIC);
    CHECK(result == 0);
    return unused;
}

int main(void)
{
    struct timespec past = {0};
    struct waiter wrong[] = {at(0), at(1)};
    pthread_t thread = started(waits_for_any, NULL);
    usleep(3000);
    words[2] = 1;
    futex(&words[2], FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
    long index = (long)joined(thread);
    SKIP_UNLESS(index != 77, "no futex_waitv");
    CHECK(index == 2);
    CHECK_FAILS(syscall(SYS_futex_waitv, wrong, 2, 0, &past, CLOCK_MONOTONIC), ETIMEDOUT);
    wrong[1].value = 6;
    CHECK_FAILS(syscall(SYS_futex_waitv, wrong, 2, 0, NULL, CLOCK_MONOTONIC), EAGAIN);
    wrong[1].flags = 1;
    CHECK_FAILS(syscall(SYS_futex_waitv, wrong, 2, 0, NULL, CLOCK_MONOTONIC), EINVAL);

    if (syscall(WAKE, &words[0], UINT32_MAX, 1, SIZE_U32 | PRIVATE) == 0) {
        struct waiter moves[] = {at(0), at(1)};
        thread = started(waits, NULL);
        for (long moved = 0; moved == 0; usleep(200))
            CHECK((moved = syscall(REQUEUE, moves, 0, 0, 1)) >= 0);
        CHECK(syscall(WAKE, &words[1], UINT32_MAX, 1, SIZE_U32 | PRIVATE) == 1);
        joined(thread);
    }
    puts("woken by one of three");
    return 0;
}
