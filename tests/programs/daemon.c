/* A daemon: two forks and a session of its own; it goes on writing after the program that was recorded has ended.
 * Output: varies */
#include "check.h"
#include <signal.h>

int main(void)
{
    int ready[2];
    char byte;
    CHECK(pipe(ready) == 0);
    pid_t first = getpid();
    if (forked() == 0) {
        CHECK(setsid() == getpid());
        if (forked() > 0)
            _exit(0);
        CHECK(chdir("/") == 0 && getsid(0) != getpid());
        CHECK(write(ready[1], "*", 1) == 1);
        while (kill(first, 0) == 0 && getppid() != 0 && usleep(2000) == 0) {
            char name[40], state = 'Z';
            snprintf(name, sizeof name, "/proc/%d/stat", first);
            FILE *stat = fopen(name, "r");
            if (stat && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
                state = 'Z';
            if (stat)
                fclose(stat);
            if (state == 'Z')
                break;
        }
        printf("daemon %d outlived %d\n", getpid(), first);
        return 0;
    }
    CHECK(wait(NULL) > 0 && read(ready[0], &byte, 1) == 1);
    puts("the program ends");
    return 0;
}
