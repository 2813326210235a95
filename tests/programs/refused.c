/* What the kernel would do behind a recorder's back is refused as an old kernel would: ENOSYS, and programs fall back.
 * Output: varies */
#include "check.h"
#include <linux/sched.h>
#include <signal.h>

#ifndef SYS_rseq
#define SYS_rseq 334
#endif

static const struct {
    const char *name;
    long number, first, second, third;
} refused[] = {
    {"io_uring_setup", 425, 8, 0, 0},
    {"io_uring_enter", 426, -1, 0, 0},
    {"io_uring_register", 427, -1, 0, 0},
    {"userfaultfd", SYS_userfaultfd, -1, 0, 0},
    {"clone3", 435, 0, 64, 0},
    {"rseq", SYS_rseq, 0, 0, 1},
    {"io_setup", SYS_io_setup, 0, 0, 0},
};

int main(void)
{
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
        long result = syscall(refused[i].number, refused[i].first, refused[i].second, refused[i].third, 0, 0, 0);
        CHECK(result == -1);
        if (recorded())
            CHECK(errno == ENOSYS || errno == EPERM /* by a container's filter, which answers first */);
        printf("%s: %s\n", refused[i].name, strerror(errno));
    }
    if (forked() == 0) /* glibc's own fork and posix_spawn still work */
        _exit(0);
    CHECK(wait(NULL) > 0 && system("exit 3") == 3 << 8);
    return 0;
}
