/* A process that is killed in a call which has written part of what it was to write, to memory that others share. */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

enum { WANTED = 100 };

int main(void)
{
    int ends[2], unread = 1;
    char *shared = mmap(NULL, WANTED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    pid_t child = forked();
    if (child == 0) {
        recv(ends[0], shared, WANTED, MSG_WAITALL);
        _exit(1);
    }
    CHECK(write(ends[1], "the first part", 14) == 14);
    while (unread) {
        usleep(1000);
        CHECK(ioctl(ends[1], SIOCOUTQ, &unread) == 0);
    }
    CHECK(kill(child, SIGKILL) == 0);
    reap(child, SIGKILL);
    /* What it says is where it goes on, which a replay compares. */
    CHECK(shared[0] == 't' && strcmp(shared, "the first part") == 0);
    puts(shared);
    return 0;
}
