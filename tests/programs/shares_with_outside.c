/* A file mapped shared, in which somebody else answers: FILE TO FROM, the last two fifos; with a fourth argument it maps more, late.
 * Used by: test_outside_memory */
#include "check.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

int main(int count, char **arguments)
{
    CHECK(count == 4 || count == 5);
    int file = open(arguments[1], O_RDWR), to = open(arguments[2], O_WRONLY), from = open(arguments[3], O_RDONLY);
    CHECK(file >= 0 && to >= 0 && from >= 0);
    volatile uint64_t *shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(shared != MAP_FAILED);
    char token;
    for (unsigned round = 0; round < 20; round++) {
        shared[round] = 3 * round;
        CHECK(write(to, "?", 1) == 1 && read(from, &token, 1) == 1);
        if (count == 5 && round == 10)
            CHECK(mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, file, 65536) != MAP_FAILED);
        printf("%u: %lu and %lx\n", round, shared[round], shared[8191 - 100 * round]);
    }
    return 0;
}
