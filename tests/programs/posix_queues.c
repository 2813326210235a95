/* POSIX message queues: attributes, priorities, a timeout, and poll on the descriptor.
 * Output: varies */
#include "check.h"
#include <mqueue.h>
#include <poll.h>
#include <time.h>

int main(void)
{
    char name[50], text[64];
    unsigned priority = 99;
    struct mq_attr attributes = {.mq_maxmsg = 5, .mq_msgsize = 64}, seen;
    sprintf(name, "/redrive-fixture-%d", getpid());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    SKIP_UNLESS(queue >= 0, "no POSIX message queues");
    CHECK(mq_unlink(name) == 0 && mq_getattr(queue, &seen) == 0 && seen.mq_maxmsg == 5 && seen.mq_msgsize == 64);
    CHECK(mq_send(queue, "low", 4, 1) == 0 && mq_send(queue, "higher", 7, 8) == 0);
    CHECK(mq_receive(queue, text, sizeof text, &priority) == 7 && strcmp(text, "higher") == 0 && priority == 8);
    CHECK(mq_receive(queue, text, sizeof text, NULL) == 4 && strcmp(text, "low") == 0);
    struct timespec past = {.tv_sec = 1};
    CHECK_FAILS(mq_timedreceive(queue, text, sizeof text, &priority, &past), ETIMEDOUT);
    pid_t child = forked();
    if (child == 0) {
        usleep(3000);
        _exit(mq_send(queue, "from a child", 13, 3));
    }
    CHECK(poll(&(struct pollfd){.fd = queue, .events = POLLIN}, 1, -1) == 1 && mq_receive(queue, text, sizeof text, &priority) == 13);
    reap(child, 0);
    printf("%s: %s\n", name, text);
    return 0;
}
