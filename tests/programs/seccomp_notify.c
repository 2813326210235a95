/* SECCOMP_RET_USER_NOTIF: a supervising parent answers the calls of its child, with a result, an error, and leave to continue. */
#include "seccomp.h"
#include <sys/ioctl.h>
#include <sys/socket.h>

#ifdef SECCOMP_IOCTL_NOTIF_RECV
static void send_descriptor(int socket, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof fd)];
    } control = {.header = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS}};
    struct msghdr message = {.msg_iov = &(struct iovec){"*", 1}, .msg_iovlen = 1,
                             .msg_control = &control, .msg_controllen = sizeof control};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    CHECK(sendmsg(socket, &message, 0) == 1);
}

static int receive_descriptor(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    int fd;
    struct msghdr message = {.msg_iov = &(struct iovec){&byte, 1}, .msg_iovlen = 1,
                             .msg_control = control, .msg_controllen = sizeof control};
    CHECK(recvmsg(socket, &message, 0) == 1);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

int main(void)
{
    int sockets[2];
    unsigned action = SECCOMP_RET_USER_NOTIF;
    SKIP_UNLESS(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0, "no SECCOMP_RET_USER_NOTIF");
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    pid_t parent = getpid(), child = forked();
    if (child == 0) {
        int listener = filter_syscall(SYS_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        CHECK(listener >= 0);
        send_descriptor(sockets[1], listener);
        close(listener);
        CHECK(syscall(SYS_getppid) == 5000);
        CHECK_FAILS(syscall(SYS_getppid), EXDEV);
        CHECK(syscall(SYS_getppid) == 5002);
        CHECK(syscall(SYS_getppid) == parent);
        _exit(0);
    }
    int listener = receive_descriptor(sockets[0]);
    for (int i = 0; i < 4; i++) {
        struct seccomp_notif request = {0};
        struct seccomp_notif_resp answer = {.val = 5000 + i};
        CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) == 0);
        CHECK((pid_t)request.pid == child && request.data.nr == SYS_getppid && request.data.instruction_pointer != 0);
        answer.id = request.id;
        if (i == 1)
            answer.error = -EXDEV, answer.val = 0;
        if (i == 3)
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE, answer.val = 0;
        CHECK(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0);
    }
    reap(child, 0);
    puts("supervised");
    return 0;
}
#else
int main(void) { SKIP_UNLESS(0, "headers without SECCOMP_RET_USER_NOTIF"); }
#endif
