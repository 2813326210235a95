/* Ten processes in a ring of pipes pass a number round a hundred times.
 * Output: varies */
#include "check.h"

int main(void)
{
    int ring[10][2], number = 0;
    for (int i = 0; i < 10; i++)
        CHECK(pipe(ring[i]) == 0);
    for (int i = 1; i < 10; i++)
        if (forked() == 0) {
            for (int round = 0; round < 100; round++) {
                CHECK(read(ring[i - 1][0], &number, sizeof number) == sizeof number);
                number += i;
                CHECK(write(ring[i][1], &number, sizeof number) == sizeof number);
            }
            if (i % 3 == 0)
                printf("pid %d saw %d last\n", getpid(), number);
            fflush(stdout);
            _exit(0);
        }
    for (int round = 0; round < 100; round++) {
        CHECK(write(ring[0][1], &number, sizeof number) == sizeof number);
        CHECK(read(ring[9][0], &number, sizeof number) == sizeof number);
    }
    while (wait(NULL) > 0)
        ;
    CHECK(number == 100 * 45);
    return 0;
}
