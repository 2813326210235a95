/* Runs a command and writes down every syscall that it and all its children really perform, as lines "PID NUMBER".
 *
 * The kernel asks the filter only about syscalls that are about to happen: one that a ptracer has skipped (PTRACE_SYSEMU)
 * never gets there since 4.8.  Unlike strace it does not need ptrace, so it can watch a tracer and its tracees.
 * Used by: test_outside_view.py */
#include "seccomp.h"
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#ifdef SECCOMP_USER_NOTIF_FLAG_CONTINUE
static int ask_about_nearly_all(void)
{
    /* Not about getppid: Redrive looks at start-up how the kernel answers its own filter on it, which ours would outrank. */
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &(struct sock_fprog){4, instructions});
}

/* Until nobody is under the filter.  A zombie is, before 6.11: so the child is reaped as soon as it has ended. */
static int write_down(int listener, pid_t child, FILE *log)
{
    struct pollfd ready[2] = {{.fd = listener, .events = POLLIN}, {.fd = syscall(SYS_pidfd_open, child, 0), .events = POLLIN}};
    int status;
    CHECK(ready[1].fd >= 0);
    for (;;) {
        CHECK(poll(ready, 2, -1) > 0);
        if (ready[1].revents) {
            CHECK(waitpid(child, &status, 0) == child && close(ready[1].fd) == 0);
            ready[1] = (struct pollfd){.fd = -1};
        }
        if (ready[0].revents & POLLHUP)
            break;
        if (!ready[0].revents)
            continue;
        struct seccomp_notif request = {0};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
            continue; /* it was killed meanwhile */
        fprintf(log, "%u %d\n", request.pid, request.data.nr);
        struct seccomp_notif_resp answer = {.id = request.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) != 0)
            CHECK(errno == ENOENT);
    }
    if (ready[1].fd >= 0)
        CHECK(waitpid(child, &status, 0) == child);
    return status;
}

int main(int count, char **arguments)
{
    volatile int *listener = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(count > 2 && listener != MAP_FAILED);
    FILE *log = fopen(arguments[1], "we");
    CHECK(log != NULL);
    *listener = -1;
    /* One table of descriptors until execve, so that the child's listener is ours without being sent. */
    pid_t child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        int opened = ask_about_nearly_all();
        *listener = opened < 0 ? -2 : opened;
        if (opened < 0)
            _exit(77);
        execvp(arguments[2], arguments + 2);
        _exit(127);
    }
    while (*listener == -1)
        usleep(100);
    int status;
    if (*listener >= 0)
        status = write_down(*listener, child, log);
    else
        CHECK(waitpid(child, &status, 0) == child);
    CHECK(fclose(log) == 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
#else
int main(void) { SKIP_UNLESS(0, "headers without SECCOMP_USER_NOTIF_FLAG_CONTINUE"); }
#endif
