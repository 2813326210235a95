/* eventfd and timerfd: counts that are read, semaphores, blocking until another process writes, expirations, settings given back. */
#include "check.h"
#include <sys/eventfd.h>
#include <sys/timerfd.h>

int main(void)
{
    eventfd_t value;
    int counter = eventfd(5, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE), blocking = eventfd(0, 0);
    CHECK(eventfd_read(counter, &value) == 0 && value == 5);
    CHECK_FAILS(eventfd_read(counter, &value), EAGAIN);
    CHECK(eventfd_read(semaphore, &value) == 0 && value == 1 && eventfd_read(semaphore, &value) == 0 && value == 1);
    pid_t child = forked();
    if (child == 0) {
        usleep(3000);
        _exit(eventfd_write(blocking, 1UL << 40));
    }
    CHECK(eventfd_read(blocking, &value) == 0 && value == 1UL << 40);
    reap(child, 0);

    unsigned long expirations = 0, total = 0;
    struct itimerspec setting = {.it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000}, left, old;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    CHECK(timer >= 0 && timerfd_settime(timer, 0, &setting, NULL) == 0);
    while (total < 5) {
        CHECK(read(timer, &expirations, 8) == 8 && expirations >= 1);
        total += expirations;
    }
    CHECK(timerfd_gettime(timer, &left) == 0 && left.it_interval.tv_nsec == 1000000 && left.it_value.tv_nsec <= 1000000);
    CHECK(timerfd_settime(timer, 0, &(struct itimerspec){0}, &old) == 0 && old.it_interval.tv_nsec == 1000000);
    CHECK_FAILS(read(timer, &expirations, 4), EINVAL);
    puts("counted");
    return 0;
}
