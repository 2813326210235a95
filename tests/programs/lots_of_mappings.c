/* Two thousand mappings, and a snapshot of them by fork. */
#include "check.h"
#include <sys/mman.h>

int main(void)
{
    static char *maps[2000];
    for (int i = 0; i < 2000; i++) { /* alternating protections, so that they do not become one */
        maps[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(maps[i] != MAP_FAILED);
        maps[i][i] = i;
        if (i % 2)
            CHECK(mprotect(maps[i], 4096, PROT_READ) == 0);
    }
    for (int round = 0; round < 3; round++) {
        pid_t child = forked();
        if (child == 0) {
            for (int i = 0; i < 2000; i++)
                CHECK(maps[i][i] == (char)i);
            _exit(round);
        }
        reap(child, round << 8);
    }
    puts("two thousand");
    return 0;
}
