/* Sleeps, polls and futex waits that stop and continue, or meet ignored signals, go on as if nothing had been (restart_syscall). */
#include "check.h"
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

/* On a slow machine it may have slept long enough at any moment: its exit is then what the next wait finds. */
static void disturb(pid_t sleeper)
{
    int status = 0;
    for (int i = 0; i < 3; i++) {
        usleep(10000);
        CHECK(kill(sleeper, SIGSTOP) == 0 && waitpid(sleeper, &status, WUNTRACED) == sleeper);
        if (WIFEXITED(status))
            break;
        CHECK(WIFSTOPPED(status));
        CHECK(kill(sleeper, SIGCONT) == 0 && waitpid(sleeper, &status, WCONTINUED) == sleeper);
        if (WIFEXITED(status))
            break;
        CHECK(WIFCONTINUED(status));
        CHECK(kill(sleeper, SIGWINCH) == 0 && kill(sleeper, SIGURG) == 0);
    }
    if (WIFEXITED(status))
        CHECK(WEXITSTATUS(status) == 0);
    else
        reap(sleeper, 0);
}

static double now(void)
{
    struct timespec time;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(void)
{
    int word = 0, line[2];
    CHECK(pipe(line) == 0);
    for (int kind = 0; kind < 4; kind++) {
        pid_t sleeper = forked();
        if (sleeper == 0) {
            struct timespec time = {.tv_nsec = 150000000};
            double start = now();
            if (kind == 0)
                CHECK(nanosleep(&time, NULL) == 0);
            else if (kind == 1)
                CHECK(poll(&(struct pollfd){.fd = line[0], .events = POLLIN}, 1, 150) == 0);
            else if (kind == 2)
                CHECK_FAILS(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time), ETIMEDOUT);
            else
                CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &time, NULL) == 0);
            CHECK(now() - start >= 0.149);
            _exit(0);
        }
        disturb(sleeper);
    }
    puts("slept well");
    return 0;
}
