/* MAP_SHARED and MAP_ANONYMOUS over fork: what one process writes the other reads, in every direction and generation. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    volatile int *cell = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int line[2], back[2];
    char byte;
    CHECK(pipe(line) == 0 && pipe(back) == 0);
    pid_t child = forked();
    if (child == 0) {
        for (int i = 0; i < 50; i++) {
            CHECK(read(line[0], &byte, 1) == 1 && cell[i] == i * 3);
            cell[1024 + i] = i * 5;
            CHECK(write(back[1], "*", 1) == 1);
        }
        pid_t grandchild = forked();
        if (grandchild == 0) {
            cell[2000] = getpid();
            _exit(0);
        }
        reap(grandchild, 0);
        CHECK(cell[2000] == grandchild);
        _exit(0);
    }
    for (int i = 0; i < 50; i++) {
        cell[i] = i * 3;
        CHECK(write(line[1], "*", 1) == 1 && read(back[0], &byte, 1) == 1 && cell[1024 + i] == i * 5);
    }
    reap(child, 0);
    CHECK(cell[2000] > 0 && msync((void *)cell, 8192, MS_SYNC) == 0);
    puts("one memory");
    return 0;
}
