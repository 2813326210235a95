/* What the tracer asks of its own thread and of the CPU. */
#define _GNU_SOURCE
#include "native.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int redrive_get_affinity(void *mask, unsigned length)
{
    /* The raw syscall: glibc's wrapper does not tell the length. */
    long got = syscall(SYS_sched_getaffinity, 0, (unsigned long)length, mask);
    return got < 0 ? -errno : (int)got;
}

void redrive_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *r)
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "0"(leaf), "2"(subleaf));
}

uint64_t redrive_xgetbv(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

uint64_t redrive_rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

int64_t redrive_monotonic(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}
