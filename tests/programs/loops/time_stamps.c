/* rdtsc and cpuid in a loop that is interrupted: each of them may be an event of its own.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static uint64_t rounds;

static void reads_time(void)
{
    uint64_t latest = 0;
    for (rounds = 0; !over; rounds++) {
        uint32_t low, high;
        asm volatile("rdtsc" : "=a"(low), "=d"(high));
        CHECK(((uint64_t)high << 32 | low) >= latest);
        latest = (uint64_t)high << 32 | low;
        for (int i = 0; i < 20000; i++)
            asm volatile("" : : : "memory");
    }
    reached = rounds;
}

int main(void)
{
    watched = &rounds;
    in_both_ways("rdtsc", reads_time);
    return 0;
}
