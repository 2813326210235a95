/* recvmsg with its address, control data and flags; MSG_PEEK, MSG_TRUNC; a credential; a descriptor that is received and read. */
#include "check.h"
#include <sys/socket.h>
#include <sys/un.h>

int main(void)
{
    int sockets[2], on = 1, line[2];
    char text[20] = "", control[200];
    struct sockaddr_un from;
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) == 0 && pipe(line) == 0 && write(line[1], "through", 7) == 7);
    CHECK(setsockopt(sockets[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);

    struct iovec data = {"a message", 9};
    char sent[CMSG_SPACE(sizeof line)] = {0};
    struct msghdr out = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = sent, .msg_controllen = sizeof sent};
    *CMSG_FIRSTHDR(&out) = (struct cmsghdr){CMSG_LEN(sizeof line), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&out)), line, sizeof line);
    CHECK(sendmsg(sockets[0], &out, 0) == 9);

    struct iovec pieces[2] = {{text, 3}, {text + 10, 10}};
    struct msghdr in = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = pieces, .msg_iovlen = 2,
                        .msg_control = control, .msg_controllen = sizeof control};
    CHECK(recvmsg(sockets[1], &in, MSG_CMSG_CLOEXEC) == 9 && strcmp(text, "a m") == 0 && memcmp(text + 10, "essage", 6) == 0);
    CHECK(in.msg_namelen == 0 && in.msg_flags == MSG_CMSG_CLOEXEC);
    int received[2] = {-1, -1}, creds = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&in); header; header = CMSG_NXTHDR(&in, header))
        if (header->cmsg_type == SCM_RIGHTS)
            memcpy(received, CMSG_DATA(header), sizeof received);
        else if (header->cmsg_type == SCM_CREDENTIALS)
            creds += ((struct ucred *)CMSG_DATA(header))->pid == getpid();
    CHECK(creds == 1 && received[0] > line[1] && read(received[0], text, 7) == 7 && memcmp(text, "through", 7) == 0);
    CHECK(fcntl(received[1], F_GETFD) == FD_CLOEXEC);

    CHECK(sendmsg(sockets[0], &out, 0) == 9); /* no room for its control data */
    in = (struct msghdr){.msg_iov = pieces, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(struct cmsghdr)};
    CHECK(recvmsg(sockets[1], &in, 0) == 3 && in.msg_flags & MSG_CTRUNC && in.msg_flags & MSG_TRUNC);
    CHECK(send(sockets[0], "twenty letters long!", 20, 0) == 20);
    CHECK(recv(sockets[1], text, 4, MSG_PEEK | MSG_TRUNC) == 20 && memcmp(text, "twen", 4) == 0);
    CHECK(recv(sockets[1], text, 20, 0) == 20);
    CHECK_FAILS(recv(sockets[1], text, 20, MSG_DONTWAIT), EAGAIN);
    puts("messages with luggage");
    return 0;
}
