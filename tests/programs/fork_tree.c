/* A tree of 310 processes, three levels deep; every exit status counts.
 * Output: varies */
#include "check.h"

static int leaves(int count)
{
    int sum = 0, status;
    for (int i = 0; i < count; i++)
        if (forked() == 0)
            _exit(i % 7);
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status);
    return sum;
}

int main(void)
{
    int total = 0, status;
    for (int branch = 0; branch < 10; branch++) {
        if (forked() == 0) {
            for (int twig = 0; twig < 2; twig++)
                if (forked() == 0) {
                    printf("twig %d of %d\n", getpid(), getppid());
                    fflush(stdout);
                    _exit(leaves(14));
                }
            int sum = 0;
            while (wait(&status) > 0)
                sum += WEXITSTATUS(status);
            _exit(sum);
        }
    }
    while (wait(&status) > 0) {
        CHECK(WIFEXITED(status));
        total += WEXITSTATUS(status);
    }
    CHECK(total == 20 * 2 * (0 + 1 + 2 + 3 + 4 + 5 + 6));
    printf("310 processes: %d\n", total);
    return 0;
}
