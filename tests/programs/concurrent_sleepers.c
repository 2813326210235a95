/* Fifty processes that sleep, write into one pipe and end at the same moment; nobody starves, nothing is lost. */
#include "check.h"

int main(void)
{
    int line[2], sum = 0, number, ended = 0;
    CHECK(pipe(line) == 0);
    for (int i = 1; i <= 50; i++)
        if (forked() == 0) {
            for (int part = 0; part < 4; part++) {
                usleep(1000 * (i % 7));
                CHECK(write(line[1], &i, sizeof i) == sizeof i);
            }
            _exit(0);
        }
    CHECK(close(line[1]) == 0);
    while (read(line[0], &number, sizeof number) == sizeof number)
        sum += number;
    while (wait(NULL) > 0)
        ended++;
    CHECK(sum == 4 * 1275 && ended == 50);
    puts("fifty sleepers");
    return 0;
}
