/* Only the upper half of a ymm register changes.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void adds(void)
{
    uint64_t one[4] = {0, 0, 0, 1}, sum[4];
    asm volatile("vpxor %%xmm7, %%xmm7, %%xmm7; vmovdqu %1, %%ymm8; 1: vpaddq %%ymm8, %%ymm7, %%ymm7; " UNTIL_OVER
                 "vmovdqu %%ymm7, %0; vzeroupper"
                 : "=m"(sum) : "m"(one) : "xmm7", "xmm8", "cc", "memory");
    CHECK(sum[0] == 0 && sum[1] == 0 && sum[2] == 0);
    reached = sum[3];
}

int main(void)
{
    SKIP_UNLESS(__builtin_cpu_supports("avx2"), "no AVX2");
    in_both_ways("upper half", adds);
    return 0;
}
