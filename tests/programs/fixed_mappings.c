/* MAP_FIXED over what is there, holes punched by munmap, mprotect that splits and joins, copies that fork keeps apart. */
#include "check.h"
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
enum { PAGE = 4096 };

int main(void)
{
    char *area = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(area, 'a', 16 * PAGE);
    int self = open("/proc/self/exe", O_RDONLY);
    CHECK(mmap(area + 4 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, self, 0) == area + 4 * PAGE);
    CHECK(memcmp(area + 4 * PAGE, "\177ELF", 4) == 0 && area[5 * PAGE] == 'a' && area[4 * PAGE - 1] == 'a');
    CHECK(munmap(area + 8 * PAGE, PAGE) == 0);
    char *taken = mmap(area + 9 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK((taken == MAP_FAILED && errno == EEXIST) || taken != area + 9 * PAGE);
    char *hole = mmap(area + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(hole != MAP_FAILED && hole[0] == 0);
    CHECK(mprotect(area + 10 * PAGE, 2 * PAGE, PROT_NONE) == 0);
    CHECK_FAILS(write(self, area + 10 * PAGE, 1), EBADF);
    CHECK_FAILS(mprotect(area + 1, PAGE, PROT_READ), EINVAL);
    CHECK(mprotect(area + 9 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE) == 0 && area[11 * PAGE] == 'a');
    CHECK_FAILS((long)mmap(area + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
    CHECK_FAILS((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
    pid_t child = forked();
    if (child == 0) {
        memset(area + 12 * PAGE, 'c', 4 * PAGE);
        CHECK(munmap(area, 4 * PAGE) == 0);
        _exit(0);
    }
    reap(child, 0);
    CHECK(area[12 * PAGE] == 'a' && area[0] == 'a');
    puts("mapped and unmapped");
    return 0;
}
