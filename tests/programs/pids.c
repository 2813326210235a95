/* Numbers the kernel gives: pids and tids, in parent and child, which at replay are still the recorded ones.
 * Output: varies */
#include "check.h"

int main(void)
{
    printf("pid %d tid %ld ppid %d group %d session %d\n", getpid(), syscall(SYS_gettid), getppid(), getpgrp(), getsid(0));
    for (int i = 0; i < 3; i++) {
        pid_t parent = getpid(), child = forked();
        if (child == 0) {
            CHECK(getppid() == parent);
            char name[40], text[200];
            sprintf(name, "/proc/%d/stat", getpid());
            int fd = open(name, O_RDONLY);
            CHECK(fd >= 0 && read(fd, text, sizeof text) > 0 && atoi(text) == getpid());
            printf("child %d of %d\n", getpid(), parent);
            fflush(stdout);
            _exit(0);
        }
        reap(child, 0);
        printf("reaped %d\n", child);
    }
    return 0;
}
