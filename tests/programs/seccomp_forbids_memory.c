/* A sandbox that forbids itself mmap, mprotect, prctl, ptrace and writes elsewhere: the recorder must not stumble over it. */
#include "seccomp.h"

/* filter_syscall begins with a prctl of its own, so prctl comes last. */
static int forbid(int number) { return filter_syscall(number, SECCOMP_RET_KILL, 0); }

int main(void)
{
    static char buffer[100000];
    pid_t child = forked();
    if (child == 0) {
        CHECK(forbid(SYS_mmap) == 0 && forbid(SYS_mprotect) == 0 && forbid(SYS_munmap) == 0 && forbid(SYS_ptrace) == 0 &&
              forbid(SYS_getpid) == 0 && forbid(SYS_process_vm_readv) == 0 && forbid(SYS_rt_sigprocmask) == 0 &&
              forbid(SYS_arch_prctl) == 0 && forbid(SYS_prctl) == 0);
        int fd = open("/proc/self/exe", O_RDONLY);
        for (int i = 0; i < 20; i++)
            CHECK(pread(fd, buffer, 5000, 0) == 5000 && memcmp(buffer, "\177ELF", 4) == 0);
        _exit(11);
    }
    reap(child, 11 << 8);
    puts("a narrow sandbox");
    return 0;
}
