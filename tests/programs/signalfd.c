/* signalfd: signals read as structures, by read and after poll.
 * Output: varies */
#include "check.h"
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

int main(void)
{
    sigset_t set;
    struct signalfd_siginfo info[4];
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_FAILS(read(fd, info, sizeof info), EAGAIN);
    CHECK(raise(SIGUSR1) == 0 && sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 5}) == 0 &&
          sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 6}) == 0);
    CHECK(read(fd, info, sizeof info) == 3 * sizeof *info);
    CHECK(info[0].ssi_signo == SIGUSR1 && info[1].ssi_int == 5 && info[2].ssi_int == 6 && info[2].ssi_code == SI_QUEUE);
    pid_t child = forked();
    if (child == 0)
        _exit(9);
    CHECK(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) == 1 && read(fd, info, sizeof info) == sizeof *info);
    CHECK(info[0].ssi_signo == SIGCHLD && (pid_t)info[0].ssi_pid == child && info[0].ssi_status == 9);
    printf("child %d of %u, user time %llu\n", child, info[0].ssi_uid, (unsigned long long)info[0].ssi_utime);
    reap(child, 9 << 8);
    return 0;
}
