/* Four terabytes reserved, a few pages used: nothing may copy it whole, at the mapping, at fork or when it is moved.
 * Output: varies */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    const size_t size = 4UL << 40;
    char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *fenced = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *shared = mmap(NULL, 1UL << 36, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SKIP_UNLESS(area != MAP_FAILED && fenced != MAP_FAILED && shared != MAP_FAILED, "no terabytes here");
    for (size_t at = 0; at < size; at += size / 8)
        area[at + 4097] = at >> 36;
    CHECK(mprotect(fenced + size / 2, 8192, PROT_READ | PROT_WRITE) == 0);
    fenced[size / 2] = 'f';
    shared[1UL << 35] = 's';
    pid_t child = forked();
    if (child == 0) {
        CHECK(area[size / 2 + 4097] == (char)(size / 2 >> 36) && fenced[size / 2] == 'f');
        shared[1UL << 34] = 'c';
        _exit(0);
    }
    reap(child, 0);
    CHECK(shared[1UL << 34] == 'c');
    int memory = nameless_file();
    CHECK(ftruncate(memory, 1L << 40) == 0 && pwrite(memory, "x", 1, 1L << 39) == 1);
    char *sparse = mmap(NULL, 1UL << 40, PROT_READ, MAP_SHARED, memory, 0);
    CHECK(sparse != MAP_FAILED && sparse[1UL << 39] == 'x');
    CHECK(munmap(area, size) == 0 && munmap(fenced, size) == 0 && munmap(sparse, 1UL << 40) == 0);
    printf("at %p and %p\n", (void *)area, (void *)fenced);
    return 0;
}
