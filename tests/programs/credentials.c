/* Who the process is: ids, groups, capabilities, and what an ordinary user is refused or root may give up. */
#include "check.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>

int main(void)
{
    uid_t real, effective, saved;
    gid_t groups[200];
    CHECK(getresuid(&real, &effective, &saved) == 0 && real == getuid() && effective == geteuid() && saved == effective);
    int count = getgroups(200, groups);
    CHECK(count >= 0 && getgroups(0, NULL) == count);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    CHECK(syscall(SYS_capget, &header, data) == 0);
    printf("uid %d, %d groups, capabilities %x %x\n", real, count, data[0].effective, data[1].effective);
    pid_t child = forked();
    if (child == 0) {
        if (geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0) {
            CHECK(getuid() == 65534 && setfsuid(-1) == 65534);
            printf("dumpable: %d\n", prctl(PR_GET_DUMPABLE));
            fflush(stdout);
            CHECK_FAILS(setuid(0), EPERM);
            CHECK(open("/etc/shadow", O_RDONLY) == -1);
        }
        _exit(0);
    }
    reap(child, 0);
    return 0;
}
