/* one_syscall KIND COUNT: COUNT system calls of one kind and nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 64, BLOCKS = 1024 };

static int ask_parent(long count) {
    while (count--)
        getppid();
    return 0;
}

static int read_zeros(long count) {
    int zero = open("/dev/zero", O_RDONLY);
    char byte;
    while (count--)
        if (read(zero, &byte, 1) != 1)
            return 1;
    return 0;
}

/* A vDSO call natively.  Time that goes backwards would be a fault of the recorder. */
static int ask_clock(long count) {
    struct timespec now, before = {0, 0};
    while (count--) {
        if (clock_gettime(CLOCK_MONOTONIC, &now))
            return 1;
        if (now.tv_sec < before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec))
            return 1;
        before = now;
    }
    return 0;
}

static int write_blocks(long count) {
    char path[] = "blocks.XXXXXX", block[BLOCK];
    int file = mkstemp(path);
    unlink(path);
    memset(block, '.', sizeof block);
    for (long i = 0; i < count; i++) {
        block[i % BLOCK]++;
        if (pwrite(file, block, BLOCK, i % BLOCKS * BLOCK) != BLOCK)
            return 1;
    }
    return 0;
}

static const struct {
    const char *name;
    int (*run)(long count);
} kinds[] = {{"getppid", ask_parent}, {"read", read_zeros}, {"clock", ask_clock}, {"pwrite", write_blocks}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 3 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[1], kinds[i].name))
            return kinds[i].run(atol(argv[2]));
    fprintf(stderr, "usage: one_syscall getppid|read|clock|pwrite COUNT\n");
    return 2;
}
