/* A process is ended, or stopped, in the middle of a loop: how far it had come is in memory that its parent sees.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile uint64_t *progress;

static void computes_until_alarm(int number)
{
    struct itimerval once = {.it_value.tv_usec = 8000};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
    timer_t timer;
    /* SIGTSTP does not stop a process whose group has no parent in the session. */
    CHECK(setpgid(0, 0) == 0);
    if (number == SIGALRM) {
        CHECK(setitimer(ITIMER_REAL, &once, NULL) == 0);
    } else {
        CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
        CHECK(timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 8000000}, NULL) == 0);
    }
    for (;;)
        __atomic_add_fetch(progress, 1, __ATOMIC_SEQ_CST);
}

int main(void)
{
    static const int by_timer[] = {SIGALRM, SIGKILL, SIGQUIT, SIGTSTP, SIGSTOP};
    progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(progress != MAP_FAILED);
    for (unsigned i = 0; i < sizeof by_timer / sizeof by_timer[0]; i++) {
        int status, stops = by_timer[i] == SIGTSTP || by_timer[i] == SIGSTOP;
        *progress = 0;
        pid_t child = forked();
        if (child == 0)
            computes_until_alarm(by_timer[i]);
        CHECK(waitpid(child, &status, WUNTRACED) == child);
        printf("%d: %lu\n", by_timer[i], *progress);
        CHECK(stops ? WIFSTOPPED(status) && WSTOPSIG(status) == by_timer[i] : WIFSIGNALED(status) && WTERMSIG(status) == by_timer[i]);
        if (stops) {
            CHECK(kill(child, SIGCONT) == 0);
            usleep(8000);
            CHECK(kill(child, SIGKILL) == 0);
            reap(child, SIGKILL);
            printf("and then %lu\n", *progress);
        }
    }
    /* By this process, while the other one computes. */
    *progress = 0;
    pid_t child = forked();
    if (child == 0)
        for (;;)
            __atomic_add_fetch(progress, 1, __ATOMIC_SEQ_CST);
    while (*progress == 0)
        usleep(1000);
    usleep(10000);
    CHECK(kill(child, SIGTERM) == 0);
    reap(child, SIGTERM);
    printf("by the parent: %lu\n", *progress);
    return 0;
}
