/* SIGINT from another program, as from a terminal, into a loop that computes: by the shell, several times.
 * Output: varies */
#include "check.h"
#include <signal.h>
#include <stdint.h>

static volatile uint64_t progress, interrupts, seen;

static void on_interrupt(int signal)
{
    (void)signal;
    seen = seen * 31 + progress;
    interrupts++;
}

int main(void)
{
    CHECK(signal(SIGINT, on_interrupt) != SIG_ERR);
    pid_t child = forked();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "for i in 1 2 3; do sleep 0.02; kill -INT $PPID; done", (char *)NULL);
        _exit(127);
    }
    while (interrupts < 3)
        progress++;
    reap(child, 0);
    printf("%lu interrupts, at %lx, up to %lu\n", interrupts, seen, progress);
    return 0;
}
