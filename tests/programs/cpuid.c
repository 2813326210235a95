/* cpuid's leaves, whether they fault or not; the initial APIC number differs by processor.
 * Output: varies */
#include "check.h"
#include <cpuid.h>

int main(void)
{
    static const unsigned leaves[][2] = {{0, 0}, {1, 0}, {2, 0}, {4, 0}, {4, 3}, {7, 0}, {0xb, 0}, {0xd, 0}, {0xd, 1}, {0x80000000, 0},
                                         {0x80000002, 0}, {0x80000008, 0}, {0x40000000, 0}};
    for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        unsigned a, b, c, d;
        __cpuid_count(leaves[i][0], leaves[i][1], a, b, c, d);
        printf("%#x.%u: %08x %08x %08x %08x\n", leaves[i][0], leaves[i][1], a, b, c, d);
        CHECK(leaves[i][0] != 0 || a >= 7);
    }
    unsigned sum = 0;
    for (unsigned i = 0; i < 300; i++) {
        unsigned a, b, c, d;
        __cpuid_count(i % 8, i % 3, a, b, c, d);
        sum = sum * 31 + (a ^ b ^ c ^ d);
    }
    printf("many: %08x\n", sum);
    return 0;
}
