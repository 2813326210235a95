/* execve after setuid: the kernel lets nobody but the new user, or who has CAP_SYS_RESOURCE, ask for the limits by prlimit. */
#include "check.h"
#include <grp.h>

int main(void)
{
    SKIP_UNLESS(getuid() == 0, "only root can become another user");
    pid_t child = forked();
    if (child == 0) {
        CHECK(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
        execl("/bin/sh", "sh", "-c", "id -u; ulimit -s > /dev/null; (exit 4)", NULL);
        _exit(1);
    }
    reap(child, 4 << 8);
    return 0;
}
