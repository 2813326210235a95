/* PR_SET_CHILD_SUBREAPER: orphans become our children and must be waited for. */
#include "check.h"
#include <sys/prctl.h>

int main(void)
{
    int status, sum = 0, ended = 0;
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    for (int i = 0; i < 4; i++)
        if (forked() == 0) {
            if (forked() == 0) {
                usleep(20000);
                _exit(i);
            }
            _exit(10);
        }
    while (wait(&status) > 0) {
        sum += WEXITSTATUS(status);
        ended++;
    }
    CHECK(ended == 8 && sum == 40 + 0 + 1 + 2 + 3);
    puts("eight, of which four were orphans");
    return 0;
}
