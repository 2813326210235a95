/* brk up and down: the heap's end moves where it is told, given pages are zero, returned ones are gone. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    char *start = sbrk(0), *page = (char *)(((unsigned long)start + 4095) & ~4095UL);
    CHECK(brk(page + 40 * 4096) == 0);
    for (char *p = page; p < page + 40 * 4096; p += 512)
        CHECK(*p == 0);
    memset(page, 'x', 40 * 4096);
    CHECK(brk(page + 4096 + 10) == 0 && sbrk(0) == page + 4096 + 10);
    CHECK(page[4096 + 9] == 'x' && page[2 * 4096 - 1] == 'x');
    CHECK_FAILS(write(nameless_file() /* the kernel looks at the address */, page + 3 * 4096, 1), EFAULT);
    CHECK(brk(page + 40 * 4096) == 0);
    CHECK(page[2 * 4096 - 1] == 'x' && page[3 * 4096] == 0 && page[39 * 4096] == 0);
    CHECK(syscall(SYS_brk, page + (1L << 46)) == (long)(page + 40 * 4096)); /* too much: the old end is the answer */
    CHECK(syscall(SYS_brk, 0) == (long)(page + 40 * 4096));
    pid_t child = forked();
    if (child == 0) {
        CHECK(brk(page + 80 * 4096) == 0 && page[79 * 4096] == 0);
        _exit(0);
    }
    reap(child, 0);
    CHECK(sbrk(0) == page + 40 * 4096 && brk(start) == 0 && sbrk(0) == start);
    puts("up and down");
    return 0;
}
