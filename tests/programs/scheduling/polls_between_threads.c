/* poll, ppoll, select, epoll (level, edge, one shot) on pipes, eventfds and sockets that other threads write to.
 * Compile: -pthread */
#include "threads.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>

enum { KINDS = 6, ROUNDS = 10 };

static int lines[2][2], sockets[2], counter, epoll;
static volatile uint32_t wanted, given;

static void *writes(void *unused)
{
    uint64_t one = 1;
    for (uint32_t i = 0; i < KINDS * ROUNDS; i++) {
        await_change(&wanted, i);
        if (i % 2)
            usleep(300); /* the other one sleeps by then */
        switch (i % 3) {
        case 0: CHECK(write(lines[0][1], "a", 1) == 1); break;
        case 1: CHECK(write(counter, &one, 8) == 8); break;
        default: CHECK(send(sockets[1], "c", 1, 0) == 1);
        }
        change(&given, i + 1);
    }
    return unused;
}

static int ready_by(int kind, int expected)
{
    struct pollfd polled[] = {{.fd = lines[0][0], .events = POLLIN}, {.fd = counter, .events = POLLIN}, {.fd = sockets[0], .events = POLLIN}};
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLONESHOT, .data.fd = expected};
    fd_set set;
    FD_ZERO(&set);
    switch (kind) {
    case 0: CHECK(poll(polled, 3, -1) == 1); break;
    case 1: CHECK(ppoll(polled, 3, &(struct timespec){.tv_sec = 20}, NULL) == 1); break;
    case 2:
    case 3:
        for (int i = 0; i < 3; i++)
            FD_SET(polled[i].fd, &set);
        if (kind == 2)
            CHECK(select(sockets[1] + counter + 1, &set, NULL, NULL, NULL) == 1);
        else
            CHECK(pselect(sockets[1] + counter + 1, &set, NULL, NULL, &(struct timespec){.tv_sec = 20}, NULL) == 1);
        return FD_ISSET(expected, &set);
    case 4: CHECK(epoll_wait(epoll, &event, 1, -1) == 1); return event.data.fd == expected;
    default:
        CHECK(epoll_ctl(epoll, EPOLL_CTL_MOD, expected, &event) == 0);
        CHECK(epoll_pwait(epoll, &event, 1, 20000, NULL) == 1 && event.data.fd == expected);
        event.events = EPOLLIN;
        return epoll_ctl(epoll, EPOLL_CTL_MOD, expected, &event) == 0;
    }
    for (int i = 0; i < 3; i++)
        if (polled[i].revents == POLLIN)
            return polled[i].fd == expected;
    return 0;
}

int main(void)
{
    uint64_t sum = 0;
    CHECK(pipe(lines[0]) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && (counter = eventfd(0, 0)) >= 0);
    CHECK((epoll = epoll_create1(0)) >= 0);
    int descriptors[] = {lines[0][0], counter, sockets[0]};
    for (int i = 0; i < 3; i++)
        CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptors[i], &(struct epoll_event){.events = EPOLLIN, .data.fd = descriptors[i]}) == 0);
    pthread_t writer = started(writes, NULL);
    for (uint32_t i = 0; i < KINDS * ROUNDS; i++) {
        uint64_t got = 0;
        change(&wanted, i + 1);
        CHECK(ready_by((int)(i / ROUNDS), descriptors[i % 3]));
        CHECK(read(descriptors[i % 3], &got, i % 3 == 1 ? 8 : 1) > 0);
        sum = sum * 3 + got;
        await_change(&given, i);
    }
    joined(writer);
    printf("%lu\n", sum);
    return 0;
}
