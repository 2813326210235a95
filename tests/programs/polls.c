/* poll and select: result arrays with several bits, sets beyond 64 descriptors, time left, nothing at all. */
#include "check.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/select.h>

int main(void)
{
    int first[2], second[2];
    fd_set readable, writable;
    struct timeval time = {0, 500000};
    CHECK(pipe(first) == 0 && pipe(second) == 0 && write(first[1], "x", 1) == 1 && close(second[1]) == 0);
    struct pollfd ready[4] = {{first[0], POLLIN | POLLPRI, -1}, {first[1], POLLOUT, -1}, {second[0], POLLIN, -1}, {-5, POLLIN, -1}};
    CHECK(poll(ready, 4, -1) == 3 && ready[0].revents == POLLIN && ready[1].revents == POLLOUT);
    CHECK(ready[2].revents == POLLHUP && ready[3].revents == 0);
    ready[3].fd = 800;
    CHECK(poll(ready, 4, 0) == 4 && ready[3].revents == POLLNVAL);
    CHECK(dup2(first[0], 200) == 200);
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(200, &readable);
    FD_SET(second[0], &readable);
    FD_SET(first[1], &writable);
    CHECK(select(201, &readable, &writable, NULL, &time) == 3);
    CHECK(FD_ISSET(200, &readable) && FD_ISSET(second[0], &readable) && FD_ISSET(first[1], &writable) && !FD_ISSET(first[1], &readable));
    FD_ZERO(&readable);
    CHECK(select(0, NULL, NULL, NULL, &(struct timeval){0, 1000}) == 0 && poll(NULL, 0, 1) == 0);
    FD_SET(210, &readable);
    CHECK_FAILS(select(211, &readable, NULL, NULL, &time), EBADF);
    puts("ready");
    return 0;
}
