/* A child ends before its own child, which then has another parent; a pipe tells when the orphan is done.
 * Output: varies */
#include "check.h"

int main(void)
{
    int result[2];
    pid_t seen;
    CHECK(pipe(result) == 0);
    pid_t child = forked();
    if (child == 0) {
        pid_t middle = getpid();
        if (forked() == 0) {
            while (getppid() == middle)
                usleep(1000);
            seen = getppid();
            CHECK(write(result[1], &seen, sizeof seen) == sizeof seen);
            printf("orphan %d is now a child of %d\n", getpid(), seen);
            return 0;
        }
        _exit(0);
    }
    reap(child, 0);
    CHECK(read(result[0], &seen, sizeof seen) == sizeof seen && seen != child);
    return 0;
}
