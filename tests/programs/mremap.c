/* mremap: grow in place, move, MREMAP_FIXED over something else, DONTUNMAP, an old size of zero, shrink in the middle. */
#include "check.h"
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
enum { PAGE = 4096 };

static char *fresh(int pages, int flags)
{
    char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    for (int i = 0; i < pages; i++)
        memory[i * PAGE] = 'a' + i;
    return memory;
}

int main(void)
{
    char *area = fresh(20, MAP_PRIVATE), *small = area + 4 * PAGE;
    CHECK(munmap(area + 6 * PAGE, 4 * PAGE) == 0);
    CHECK(mremap(small, 2 * PAGE, 5 * PAGE, 0) == small && small[0] == 'e' && small[PAGE] == 'f' && small[4 * PAGE] == 0);
    CHECK_FAILS((long)mremap(small, 5 * PAGE, 7 * PAGE, 0), ENOMEM);
    char *moved = mremap(area + 10 * PAGE, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved[0] == 'k' && moved[3 * PAGE] == 'n' && moved[63 * PAGE] == 0);
    char *target = fresh(8, MAP_PRIVATE);
    CHECK(mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 3 * PAGE) == target + 3 * PAGE);
    CHECK(target[2 * PAGE] == 'c' && target[3 * PAGE] == 'k' && target[4 * PAGE] == 'l' && target[5 * PAGE] == 'f');
    CHECK(mremap(target, 8 * PAGE, 3 * PAGE, 0) == target && target[2 * PAGE] == 'c');

    char *private = fresh(3, MAP_PRIVATE), *left = mremap(private, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
    if (left != MAP_FAILED) /* 5.7 and later */
        CHECK(left != private && left[PAGE] == 'b' && private[PAGE] == 0);

    char *shared = fresh(3, MAP_SHARED), *second = mremap(shared, 0, 3 * PAGE, MREMAP_MAYMOVE);
    CHECK(second != MAP_FAILED && second != shared && second[2 * PAGE] == 'c');
    second[PAGE] = 'z';
    CHECK(shared[PAGE] == 'z');
    char *grown = mremap(target, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, shared + PAGE);
    CHECK(grown == shared + PAGE && shared[PAGE] == 'a' && second[PAGE] == 'z');
    puts("moved and grown");
    return 0;
}
