/* The affinity the program sees is the one it would have without a recorder, and it may set its own. */
#include "check.h"
#include <sched.h>

int main(void)
{
    cpu_set_t mask, one, same;
    CHECK(sched_getaffinity(0, sizeof mask, &mask) == 0);
    for (int cpu = 0; cpu < 64; cpu++)
        if (CPU_ISSET(cpu, &mask))
            printf("%d ", cpu);
    printf("of %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
    pid_t child = forked();
    if (child == 0)
        _exit(sched_getaffinity(0, sizeof same, &same) == 0 && CPU_EQUAL(&mask, &same) ? 0 : 1);
    reap(child, 0);
    int last = 63;
    while (!CPU_ISSET(last, &mask))
        last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(sched_getaffinity(0, sizeof same, &same) == 0 && CPU_EQUAL(&one, &same));
    CHECK(sched_setaffinity(0, sizeof mask, &mask) == 0);
    CHECK_FAILS(syscall(SYS_sched_getaffinity, 0, 0, &same), EINVAL);
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof mask, &same) > 0);
    return 0;
}
