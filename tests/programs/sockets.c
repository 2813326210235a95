/* TCP on loopback between two processes: addresses given back, options, shutdown, ten thousand bytes, a refused connection.
 * Output: varies */
#include "check.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

int main(void)
{
    static char data[100000];
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), value = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
    socklen_t length = sizeof address, size = sizeof value;
    CHECK(bind(listening, (struct sockaddr *)&address, length) == 0 && listen(listening, 5) == 0);
    CHECK(getsockname(listening, (struct sockaddr *)&address, &length) == 0 && length == sizeof address);
    pid_t child = forked();
    if (child == 0) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
        CHECK(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0);
        memset(data, 'd', sizeof data);
        CHECK(send(client, data, sizeof data, MSG_NOSIGNAL) == sizeof data && shutdown(client, SHUT_WR) == 0);
        CHECK(recv(client, data, 6, MSG_WAITALL) == 6 && memcmp(data, "thanks", 6) == 0);
        _exit(0);
    }
    length = sizeof peer;
    int connection = accept4(listening, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    CHECK(connection >= 0 && length == sizeof peer && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    printf("port %d from port %d\n", ntohs(address.sin_port), ntohs(peer.sin_port));
    size_t total = 0;
    for (ssize_t part; (part = recv(connection, data, 7000, 0)) != 0; total += part)
        CHECK(part > 0);
    CHECK(total == sizeof data && send(connection, "thanks", 6, 0) == 6);
    reap(child, 0);
    struct sock_filter all = {BPF_RET | BPF_K, 0, 0, 0xffff}, attached[4];
    CHECK(setsockopt(connection, SOL_SOCKET, SO_ATTACH_FILTER, &(struct sock_fprog){1, &all}, sizeof(struct sock_fprog)) == 0);
    memset(attached, 0, sizeof attached);
    size = 4; /* instructions */
    CHECK(getsockopt(connection, SOL_SOCKET, SO_GET_FILTER, attached, &size) == 0 && size == 1);
    CHECK(memcmp(attached, &all, sizeof all) == 0);
    struct tcp_info info;
    size = sizeof info;
    CHECK(getsockopt(connection, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && size > 0 && size <= sizeof info);
    size = sizeof value;
    CHECK(getsockopt(listening, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM && size == sizeof value);
    size = 2;
    CHECK(getsockopt(listening, SOL_SOCKET, SO_RCVBUF, &value, &size) == 0 && size == 2);
    struct linger linger;
    size = 100;
    CHECK(getsockopt(listening, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && size == sizeof linger);
    CHECK(close(listening) == 0);
    int refused = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_FAILS(connect(refused, (struct sockaddr *)&address, sizeof address), ECONNREFUSED);
    return 0;
}
