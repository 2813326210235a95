/* Output through duplicates, reopened descriptors, writev, sendmsg, children and after exec: all of it is the program's output. */
#include "check.h"
#include <sys/uio.h>

int main(void)
{
    int duplicate = dup(1), error = fcntl(2, F_DUPFD, 50);
    CHECK(duplicate >= 0 && error >= 50);
    CHECK(write(duplicate, "by a duplicate\n", 15) == 15 && close(1) == 0);
    CHECK(write(duplicate, "1 is closed\n", 12) == 12 && dup2(duplicate, 1) == 1);
    CHECK(writev(error, (struct iovec[]){{"to ", 3}, {"stderr ", 7}, {"in pieces\n", 10}}, 3) == 20);
    int null = open("/dev/null", O_WRONLY), saved = dup(1);
    CHECK(dup2(null, 1) == 1 && write(1, "never seen\n", 11) == 11 && dup2(saved, 1) == 1);
    CHECK(write(1, "seen again\n", 11) == 11);
    CHECK(dup2(2, 1) == 1 && write(1, "stdout is stderr now\n", 21) == 21 && dup2(saved, 1) == 1);
    int reopened = open("/proc/self/fd/1", O_WRONLY | O_APPEND);
    if (reopened >= 0)
        CHECK(write(reopened, "reopened\n", 9) == 9);
    pid_t child = forked();
    if (child == 0) {
        CHECK(dup2(duplicate, 2) == 2);
        execl("/bin/sh", "sh", "-c", "echo from a shell; echo to its stderr >&2; printf 'no line end'", NULL);
    }
    reap(child, 0);
    CHECK(write(1, "", 0) == 0 && write(1, "\0binary\xff\n", 9) == 9);
    return 0;
}
