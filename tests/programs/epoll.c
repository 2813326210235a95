/* epoll: events with their 64 bits of data, edges, one shot, nested, more ready than asked for. */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

int main(void)
{
    int outer = epoll_create1(EPOLL_CLOEXEC), inner = epoll_create(10), counters[6];
    struct epoll_event events[10], event = {.events = EPOLLIN};
    unsigned long seen = 0;
    for (int i = 0; i < 6; i++) {
        counters[i] = eventfd(0, EFD_NONBLOCK);
        event.data.u64 = 0xabcdef0000000000 + i;
        event.events = i == 5 ? EPOLLIN | EPOLLONESHOT : i == 4 ? EPOLLIN | EPOLLET : EPOLLIN;
        CHECK(epoll_ctl(inner, EPOLL_CTL_ADD, counters[i], &event) == 0);
    }
    event.events = EPOLLIN;
    event.data.ptr = events;
    CHECK(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event) == 0);
    CHECK(epoll_wait(outer, events, 10, 0) == 0);
    for (int i = 0; i < 6; i++)
        CHECK(eventfd_write(counters[i], i + 1) == 0);
    CHECK(epoll_wait(outer, events + 5, 1, -1) == 1 && events[5].data.ptr == events && events[5].events == EPOLLIN);
    CHECK(epoll_wait(inner, events, 4, -1) == 4);
    for (int i = 0; i < 4; i++)
        seen |= 1 << (events[i].data.u64 - 0xabcdef0000000000);
    CHECK(epoll_wait(inner, events, 10, -1) >= 2);
    for (int i = 0; i < 2; i++)
        seen |= 1 << (events[i].data.u64 - 0xabcdef0000000000);
    CHECK(seen == 63 && epoll_wait(inner, events, 10, -1) == 4); /* neither the edge nor the one shot again */
    event.events = EPOLLIN | EPOLLONESHOT;
    CHECK(epoll_ctl(inner, EPOLL_CTL_MOD, counters[5], &event) == 0 && epoll_wait(inner, events, 10, -1) == 5);
    CHECK_FAILS(epoll_ctl(inner, EPOLL_CTL_ADD, counters[0], &event), EEXIST);
    CHECK(epoll_ctl(inner, EPOLL_CTL_DEL, counters[0], NULL) == 0);
    CHECK_FAILS(epoll_wait(inner, events, 0, 0), EINVAL);
    puts("six counters");
    return 0;
}
