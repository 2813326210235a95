/* Closing every descriptor there is, as daemons do, one by one up to the limit and by close_range; then new ones start at 0. */
#include "check.h"

int main(void)
{
    int saved = open("/proc/self/exe", O_RDONLY), result[2];
    CHECK(saved == 3 && pipe(result) == 0);
    pid_t child = forked();
    if (child == 0) {
        for (int fd = 0; fd < 1024; fd++)
            if (fd != result[1])
                close(fd);
        CHECK(open("/dev/null", O_RDWR) == 0 && dup(0) == 1 && write(result[1], "y", 1) == 1);
        _exit(2);
    }
    reap(child, 2 << 8);
    child = forked();
    if (child == 0) {
        if (syscall(436 /* close_range */, 0, ~0U, 0) != 0)
            for (int fd = 0; fd < 1024; fd++)
                close(fd);
        char byte;
        _exit(read(3, &byte, 1) == -1 && errno == EBADF && open("/", O_RDONLY) == 0 ? 4 : 5);
    }
    reap(child, 4 << 8);
    char byte;
    CHECK(read(result[0], &byte, 1) == 1 && byte == 'y' && fcntl(saved, F_GETFD) >= 0);
    puts("all closed");
    return 0;
}
