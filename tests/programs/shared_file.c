/* One file, mapped shared by two processes at different addresses and offsets, by another name, and twice in one. */
#include "check.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

int main(void)
{
    char name[] = "/tmp/sharedXXXXXX", other[40];
    int fd = mkstemp(name);
    CHECK(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0 && pwrite(fd, "before", 6, PAGE) == 6);
    sprintf(other, "%s.link", name);
    CHECK(link(name, other) == 0);
    volatile char *whole = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile char *again = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    CHECK(whole != MAP_FAILED && again != MAP_FAILED && again[0] == 'b');
    again[PAGE] = 'x';
    CHECK(whole[2 * PAGE] == 'x');
    pid_t child = forked();
    if (child == 0) {
        int same = open(other, O_RDWR);
        volatile char *own = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, same, PAGE);
        CHECK(own != MAP_FAILED && own[PAGE] == 'x' && own != again);
        own[2 * PAGE + 5] = 'c';
        CHECK(munmap((void *)whole, 4 * PAGE) == 0);
        _exit(own[0]);
    }
    reap(child, 'b' << 8);
    CHECK(whole[3 * PAGE + 5] == 'c');
    char byte;
    CHECK(pread(fd, &byte, 1, 3 * PAGE + 5) == 1 && byte == 'c');
    CHECK(unlink(name) == 0 && unlink(other) == 0 && close(fd) == 0 && whole[2 * PAGE] == 'x');
    puts("one file");
    return 0;
}
