/* Which processor this is, by libc and by syscall: while recording they agree, as there is only one.
 * Output: varies */
#include "check.h"
#include <sched.h>

int main(void)
{
    unsigned cpu = 12345, node = 12345, first = sched_getcpu();
    for (int i = 0; i < 20; i++) {
        CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && node != 12345);
        printf("%d %u %u\n", sched_getcpu(), cpu, node);
        if (recorded())
            CHECK(cpu == first && (unsigned)sched_getcpu() == first);
        sched_yield();
    }
    return 0;
}
