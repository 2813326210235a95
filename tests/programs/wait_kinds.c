/* Every wait: by pid, by group, by descriptor, without reaping, without waiting, with resource usage, without a result. */
#include "check.h"
#include <signal.h>
#include <sys/resource.h>

static pid_t ends_with(int status)
{
    pid_t child = forked();
    if (child == 0)
        _exit(status);
    return child;
}

int main(void)
{
    siginfo_t info;
    struct rusage usage;
    int status, gate[2];
    char byte;

    pid_t child = ends_with(1);
    memset(&info, 0xff, sizeof info);
    CHECK(waitid(P_PID, child, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == child && info.si_status == 1);
    CHECK(info.si_code == CLD_EXITED && info.si_signo == SIGCHLD && info.si_uid == getuid());
    CHECK(wait4(child, &status, 0, &usage) == child && WEXITSTATUS(status) == 1);
    CHECK_FAILS(waitpid(child, &status, 0), ECHILD);

    CHECK(pipe(gate) == 0);
    child = forked();
    if (child == 0) {
        CHECK(read(gate[0], &byte, 1) == 1);
        _exit(byte);
    }
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    info.si_pid = 1;
    CHECK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0);
    CHECK(write(gate[1], "*", 1) == 1);
    CHECK(waitid(P_ALL, 0, NULL, WEXITED) == 0);

    child = forked();
    if (child == 0) {
        setpgid(0, 0);
        CHECK(read(gate[0], &byte, 1) == 1);
        _exit(2);
    }
    CHECK(setpgid(child, child) == 0 && write(gate[1], "*", 1) == 1);
    CHECK_FAILS(waitpid(0, &status, 0), ECHILD);
    CHECK(waitpid(-child, &status, 0) == child && WEXITSTATUS(status) == 2);

    child = ends_with(3);
    int pidfd = syscall(SYS_pidfd_open, child, 0);
    if (pidfd >= 0)
        CHECK(waitid((idtype_t)3 /* P_PIDFD */, pidfd, &info, WEXITED) == 0 && info.si_status == 3);
    else
        reap(child, 3 << 8);

    int sum = 0;
    for (int i = 1; i <= 5; i++)
        ends_with(10 * i);
    while ((child = wait3(&status, 0, &usage)) > 0)
        sum += WEXITSTATUS(status);
    CHECK(errno == ECHILD && sum == 150);

    CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    ends_with(0);
    CHECK_FAILS(wait(&status), ECHILD);
    puts("every wait");
    return 0;
}
