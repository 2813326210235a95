/* SIGSTOP and SIGCONT from another process into a loop that computes, many times; a handler for SIGCONT sees how far it is.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

enum { ROUNDS = 5 };

static volatile uint64_t progress, seen, *continued; /* the latter is shared */

static void on_continue(int signal)
{
    (void)signal;
    seen = seen * 31 + progress;
    ++*continued;
}

int main(void)
{
    continued = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(continued != MAP_FAILED && signal(SIGCONT, on_continue) != SIG_ERR);
    pid_t parent = getpid(), child = forked();
    if (child == 0) {
        for (uint64_t i = 0; i < ROUNDS; i++) {
            usleep(2000);
            CHECK(kill(parent, SIGSTOP) == 0);
            usleep(1000);
            CHECK(kill(parent, SIGCONT) == 0);
            while (*continued == i) /* another SIGSTOP would take back a SIGCONT that is pending */
                usleep(500);
        }
        _exit(0);
    }
    while (*continued < ROUNDS)
        progress++;
    reap(child, 0);
    printf("continued %lu times, at %lx, up to %lu\n", *continued, seen, progress);
    return 0;
}
