/* A program that takes its random numbers from the CPU where cpuid offers them, as libstdc++, OpenSSL and libgcrypt do.
 * Output: varies */
#include "check.h"
#include <cpuid.h>

static int offers(unsigned leaf, unsigned which, unsigned bit)
{
    unsigned answer[4];
    return __get_cpuid_count(leaf, 0, &answer[0], &answer[1], &answer[2], &answer[3]) && answer[which] >> bit & 1;
}

int main(void)
{
    unsigned long value = 0;
    unsigned char got = 0;
    if (offers(1, 2, 30))
        asm volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(got)::"cc");
    printf("rdrand: %d %lx\n", got, value);
    value = got = 0;
    if (offers(7, 1, 18))
        asm volatile("rdseed %0; setc %1" : "=r"(value), "=qm"(got)::"cc");
    printf("rdseed: %d %lx\n", got, value);
    return 0;
}
