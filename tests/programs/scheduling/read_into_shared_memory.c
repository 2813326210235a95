/* A process reads into memory that it shares with another one, which computes meanwhile and is held in its code: the kernel
 * has written to the memory then, and the read is yet to end. */
#include "check.h"

#include <stdint.h>
#include <sys/mman.h>

enum { ROUNDS = 12, LENGTH = 1 << 16, MESSAGE = 512, STEPS = 20000000 };

static volatile uint64_t progress;

static void computes(void)
{
    uint64_t x = 1;
    for (int i = 0; i < STEPS; i++)
        progress = x = x * 6364136223846793005 + 1442695040888963407;
}

int main(void)
{
    unsigned char *shared = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    CHECK(shared != MAP_FAILED && pipe(ends) == 0);
    pid_t child = forked();
    if (child == 0) {
        CHECK(close(ends[1]) == 0);
        uint64_t sum = 0;
        while (read(ends[0], shared + LENGTH / 2, MESSAGE) == MESSAGE)
            for (int i = 0; i < 1000000; i++)
                sum = sum * 31 + shared[LENGTH / 2 + i % MESSAGE];
        printf("%lx\n", sum);
        exit(0);
    }
    CHECK(close(ends[0]) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned char message[MESSAGE];
        memset(message, 'a' + round, MESSAGE);
        CHECK(write(ends[1], message, MESSAGE) == MESSAGE);
        computes();
    }
    CHECK(close(ends[1]) == 0);
    reap(child, 0);
    printf("%lx %c\n", progress, shared[LENGTH / 2]);
    return 0;
}
