/* sendmmsg and recvmmsg: a length for each message, fewer than asked, addresses of senders, a timeout. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
    int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from[5], own;
    socklen_t length = sizeof address;
    CHECK(receiver >= 0 && sender >= 0 && bind(receiver, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(receiver, (struct sockaddr *)&address, &length) == 0 && address.sin_port != 0);
    CHECK(connect(sender, (struct sockaddr *)&address, length) == 0);
    CHECK(getsockname(sender, (struct sockaddr *)&own, &length) == 0);
    struct mmsghdr out[4] = {0}, in[5] = {0};
    struct iovec pieces[4] = {{"one", 3}, {"three", 5}, {"", 0}, {"thirteen more", 13}}, rooms[5];
    char room[5][8];
    for (int i = 0; i < 4; i++)
        out[i].msg_hdr = (struct msghdr){.msg_iov = pieces + i, .msg_iovlen = 1};
    CHECK(sendmmsg(sender, out, 4, 0) == 4 && out[0].msg_len == 3 && out[3].msg_len == 13);
    for (int i = 0; i < 5; i++) {
        rooms[i] = (struct iovec){room[i], sizeof room[i]};
        in[i].msg_hdr = (struct msghdr){.msg_name = from + i, .msg_namelen = sizeof *from, .msg_iov = rooms + i, .msg_iovlen = 1};
    }
    CHECK(recvmmsg(receiver, in, 5, MSG_WAITFORONE, NULL) == 4);
    CHECK(in[0].msg_len == 3 && memcmp(room[0], "one", 3) == 0 && in[1].msg_len == 5 && in[2].msg_len == 0 && in[3].msg_len == 8);
    CHECK(memcmp(room[3], "thirteen", 8) == 0 && in[3].msg_hdr.msg_flags & MSG_TRUNC);
    CHECK(from[0].sin_port == own.sin_port && from[3].sin_port == own.sin_port && in[0].msg_hdr.msg_namelen == sizeof *from);
    struct timespec soon = {.tv_nsec = 1000000};
    CHECK(send(sender, "x", 1, 0) == 1 && recvmmsg(receiver, in, 5, MSG_DONTWAIT, &soon) == 1);
    CHECK_FAILS(recvmmsg(receiver, in, 5, MSG_DONTWAIT, &soon), EAGAIN);
    puts("four messages");
    return 0;
}
