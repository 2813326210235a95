/* Bytes behind the end of a file, in its last page: who maps it shared again finds them there. */
#include "check.h"

#include <sys/mman.h>

enum { LENGTH = 80, BEHIND = 40 };

static char *mapped(int file)
{
    char *memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

int main(void)
{
    int file = (int)syscall(SYS_memfd_create, "small", 0);
    SKIP_UNLESS(file >= 0, "memfd_create came with Linux 3.17");
    CHECK(ftruncate(file, 8) == 0);
    char *memory = mapped(file), path[40];
    strcpy(memory + BEHIND, "behind");
    CHECK(munmap(memory, LENGTH) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    int again = open(path, O_RDWR);
    CHECK(again >= 0);
    memory = mapped(again);
    puts(memory + BEHIND);
    CHECK(write(1, memory, LENGTH) == LENGTH);
    /* Cut to the size that it has, a file of memory loses them. */
    CHECK(ftruncate(file, 8) == 0);
    CHECK(write(1, memory, LENGTH) == LENGTH);
    /* A hole punched over the end clears them too. */
    strcpy(memory + BEHIND, "again");
    if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0)
        CHECK(write(1, memory, LENGTH) == LENGTH);
    return 0;
}
