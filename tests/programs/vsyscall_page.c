/* The vsyscall page: three calls at fixed addresses; where the kernel has none, a jump there faults.
 * Output: varies */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static sigjmp_buf back;

static void handler(int signal) { siglongjmp(back, signal); }

int main(void)
{
    int (*page_gettimeofday)(struct timeval *, void *) = (void *)0xffffffffff600000;
    time_t (*page_time)(time_t *) = (void *)0xffffffffff600400;
    int (*page_getcpu)(unsigned *, unsigned *, void *) = (void *)0xffffffffff600800;
    CHECK(signal(SIGSEGV, handler) != SIG_ERR);
    if (sigsetjmp(back, 1) != 0) { /* at the first of these calls */
        puts("no vsyscall page");
        return 0;
    }
    for (int round = 0; round < 10; round++) {
        struct timeval day;
        time_t stored = 0;
        unsigned cpu = 1000000;
        CHECK(page_gettimeofday(&day, NULL) == 0);
        time_t seconds = page_time(&stored);
        CHECK(seconds == stored && labs(seconds - day.tv_sec) <= 1 && labs(time(NULL) - seconds) <= 1);
        CHECK(page_getcpu(&cpu, NULL, NULL) == 0 && cpu < 100000);
        printf("%ld.%06ld on %u\n", (long)day.tv_sec, (long)day.tv_usec, cpu);
    }
    /* A bad pointer is a fault, which the recorder cannot raise in the page: it answers. */
    if (recorded())
        CHECK(page_time((time_t *)8) == -EFAULT && page_gettimeofday((void *)8, NULL) == -EFAULT);
    return 0;
}
