/* A server with epoll and four client processes, over loopback TCP and Unix sockets; answers depend on nothing but the questions. */
#include "check.h"
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { CLIENTS = 4, QUESTIONS = 15 };

static struct sockaddr_in internet = {.sin_family = AF_INET};
static struct sockaddr_un local = {.sun_family = AF_UNIX};
static socklen_t local_length;

static void ask(int number)
{
    int by_internet = number % 2, answer, connection = socket(by_internet ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    CHECK(connection >= 0);
    if (by_internet)
        CHECK(connect(connection, (struct sockaddr *)&internet, sizeof internet) == 0);
    else
        CHECK(connect(connection, (struct sockaddr *)&local, local_length) == 0);
    for (int i = 0; i < QUESTIONS; i++) {
        int question = number * 100 + i;
        CHECK(send(connection, &question, sizeof question, 0) == sizeof question);
        CHECK(recv(connection, &answer, sizeof answer, MSG_WAITALL) == sizeof answer && answer == question * question + 1);
    }
    _exit(number);
}

static void listen_at(int epoll, int listener)
{
    CHECK(listen(listener, 10) == 0);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.u64 = (uint64_t)listener << 1}) == 0);
}

int main(void)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), by_internet = socket(AF_INET, SOCK_STREAM, 0), by_name = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = sizeof internet;
    internet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(by_internet, (struct sockaddr *)&internet, length) == 0 && getsockname(by_internet, (struct sockaddr *)&internet, &length) == 0);
    /* Without a name of its own: the kernel chooses an abstract one. */
    CHECK(bind(by_name, (struct sockaddr *)&local, sizeof local.sun_family) == 0);
    local_length = sizeof local;
    CHECK(getsockname(by_name, (struct sockaddr *)&local, &local_length) == 0);
    listen_at(epoll, by_internet);
    listen_at(epoll, by_name);
    pid_t clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        if ((clients[i] = forked()) == 0)
            ask(i);
    long sum = 0;
    for (int gone = 0; gone < CLIENTS;) {
        struct epoll_event events[3];
        int count = epoll_wait(epoll, events, 3, -1);
        CHECK(count > 0);
        for (int i = 0; i < count; i++) {
            int descriptor = (int)(events[i].data.u64 >> 1), question;
            if ((events[i].data.u64 & 1) == 0) {
                int accepted = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC);
                CHECK(accepted >= 0);
                CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &(struct epoll_event){.events = EPOLLIN, .data.u64 = (uint64_t)accepted << 1 | 1}) == 0);
            } else if (recv(descriptor, &question, sizeof question, MSG_WAITALL) == sizeof question) {
                sum += question;
                question = question * question + 1;
                CHECK(send(descriptor, &question, sizeof question, 0) == sizeof question);
            } else {
                CHECK(close(descriptor) == 0);
                gone++;
            }
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        reap(clients[i], i << 8);
    printf("%ld\n", sum);
    return 0;
}
