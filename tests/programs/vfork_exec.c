/* vfork: the parent waits, the child borrows its memory, execs or fails to. */
#include "check.h"

int main(void)
{
    volatile int seen_by_parent = 0;
    pid_t child = vfork();
    if (child == 0) {
        seen_by_parent = 41;
        execl("/nonexistent/program", "program", NULL);
        seen_by_parent = errno;
        _exit(9);
    }
    CHECK(seen_by_parent == ENOENT);
    reap(child, 9 << 8);

    child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 7", NULL);
        _exit(1);
    }
    reap(child, 7 << 8);

    for (volatile int round = 0; round < 20; round++) {
        child = vfork();
        if (child == 0) {
            seen_by_parent = round;
            _exit(round);
        }
        CHECK(seen_by_parent == round);
        reap(child, round << 8);
    }
    puts("vfork works");
    return 0;
}
