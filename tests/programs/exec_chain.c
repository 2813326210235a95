/* One process that replaces itself fifty times and stays the same pid.
 * Output: varies */
#include "check.h"

int main(int count, char **arguments)
{
    int left = count > 1 ? atoi(arguments[1]) : 50;
    char text[20], pid[20];
    if (count > 2)
        CHECK(atoi(arguments[2]) == getpid());
    if (left % 10 == 0)
        printf("pid %d, %d to go, stack %p\n", getpid(), left, (void *)&left);
    fflush(stdout);
    if (left == 0)
        return 0;
    sprintf(text, "%d", left - 1);
    sprintf(pid, "%d", getpid());
    execl("/proc/self/exe", arguments[0], text, pid, NULL);
    return 1;
}
