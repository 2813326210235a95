/* One read of 64 megabytes into memory that was never touched. */
#include "check.h"
#include <sys/mman.h>

enum { SIZE = 64 << 20 };

int main(void)
{
    int file = nameless_file(), sum = 0;
    char *part = malloc(1 << 20), *all = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(file >= 0 && part && all != MAP_FAILED);
    for (int i = 0; i < 64; i++) {
        for (int j = 0; j < 1 << 20; j++)
            part[j] = i * 31 + j * j % 251;
        CHECK(write(file, part, 1 << 20) == 1 << 20);
    }
    CHECK(pread(file, all, SIZE, 0) == SIZE);
    for (int i = 0; i < SIZE; i++)
        sum = sum * 33 + all[i];
    printf("%d\n", sum);
    return 0;
}
