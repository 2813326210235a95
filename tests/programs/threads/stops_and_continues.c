/* A process with threads is stopped and continued, again and again: it never stays stopped, and its handlers miss nothing.
 * Compile: -pthread */
#include "../threads.h"

#include <signal.h>
#include <sys/mman.h>

enum { ROUNDS = 5, RAPID = 40 };

struct counts {
    _Atomic int ready, stops, continues;
};
static struct counts *counts;

static void *compute(void *argument)
{
    for (volatile unsigned long round = 0;; round++)
        ;
    return argument;
}

static void continued(int signal)
{
    (void)signal;
    counts->continues++;
}

static void stopped(int signal)
{
    (void)signal;
    counts->stops++;
}

static pid_t start_child(int threads)
{
    counts->ready = counts->stops = counts->continues = 0;
    pid_t child = forked();
    if (child == 0) {
        CHECK(signal(SIGCONT, continued) != SIG_ERR && signal(SIGTSTP, stopped) != SIG_ERR);
        for (int i = 0; i < threads; i++)
            started(compute, NULL);
        counts->ready = 1;
        for (;;)
            usleep(1000);
    }
    while (!counts->ready)
        usleep(1000);
    return child;
}

static void end(pid_t child)
{
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
}

static void one_at_a_time(int threads)
{
    int status;
    pid_t child = start_child(threads);
    for (int round = 0; round < ROUNDS; round++) {
        CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        usleep(1000);
        CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
        usleep(2000);
    }
    end(child);
}

/* Each handler runs each time. */
static void caught(int threads)
{
    pid_t child = start_child(threads);
    for (int round = 1; round <= ROUNDS; round++) {
        CHECK(kill(child, SIGTSTP) == 0);
        while (counts->stops != round)
            usleep(500);
        CHECK(kill(child, SIGCONT) == 0);
        while (counts->continues != round)
            usleep(500);
    }
    end(child);
}

/* What comes last is SIGCONT. */
static void rapid(int threads)
{
    pid_t child = start_child(threads);
    for (int round = 0; round < RAPID; round++)
        CHECK(kill(child, SIGSTOP) == 0 && kill(child, SIGCONT) == 0);
    int before = counts->stops;
    CHECK(kill(child, SIGTSTP) == 0);
    while (counts->stops == before)
        usleep(500);
    end(child);
}

int main(void)
{
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(counts != MAP_FAILED);
    for (int threads = 0; threads <= 2; threads += 2) {
        one_at_a_time(threads);
        caught(threads);
        rapid(threads);
    }
    return 0;
}
