/* The identity under which the tracer's thread looks into tracees of another user. */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int redrive_take_identity(unsigned user, unsigned group)
{
    /* The raw syscalls: glibc's wrappers change all threads. */
    struct __user_cap_header_struct self = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct capabilities[2];
    int death_signal = 0, dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_GET_PDEATHSIG, &death_signal, 0, 0, 0);
    if (syscall(SYS_capget, &self, capabilities))
        return -errno;
    if (syscall(SYS_setresgid, group, -1, -1) || syscall(SYS_setresuid, user, -1, -1))
        return -errno;
    syscall(SYS_setfsgid, group);
    syscall(SYS_setfsuid, user);
    /* A file-system id that is not root's loses its effective ones; who looks must have those of whom he looks into. */
    syscall(SYS_capset, &self, capabilities);
    /* commit_creds of kernel/cred.c takes these away. */
    prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    return 0;
}
