/* Every clock, by libc and so by the vDSO: monotonic ones never go back, and what is printed is what replay must print.
 * Output: varies */
#include "check.h"
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

int main(void)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                                       CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct timespec before, after, resolution;
        CHECK(clock_gettime(clocks[i], &before) == 0 && clock_gettime(clocks[i], &after) == 0);
        CHECK(clock_getres(clocks[i], &resolution) == 0);
        if (clocks[i] != CLOCK_REALTIME && clocks[i] != CLOCK_REALTIME_COARSE)
            CHECK(after.tv_sec > before.tv_sec || (after.tv_sec == before.tv_sec && after.tv_nsec >= before.tv_nsec));
        printf("clock %d: %ld.%09ld, resolution %ld\n", clocks[i], (long)after.tv_sec, after.tv_nsec, resolution.tv_nsec);
    }
    struct timeval day;
    struct timezone zone;
    struct tms used;
    CHECK(gettimeofday(&day, &zone) == 0 && labs(time(NULL) - day.tv_sec) <= 1);
    printf("day %ld.%06ld, ticks %ld, vDSO %s\n", (long)day.tv_sec, (long)day.tv_usec, (long)times(&used),
           getauxval(AT_SYSINFO_EHDR) ? "shown" : "hidden");
    long sum = 0;
    for (int i = 0; i < 1000; i++) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        sum = sum * 31 + now.tv_nsec;
    }
    printf("of a thousand times: %ld\n", sum);
    return 0;
}
