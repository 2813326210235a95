/* Only a part of AVX-512's state changes: the top of zmm0, of zmm20, a mask register.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static const uint64_t one[8] = {[7] = 1};
static uint64_t sum[8];

static void low_register(void)
{
    asm volatile("vpxor %%xmm0, %%xmm0, %%xmm0; 1: vpaddq %1, %%zmm0, %%zmm0; " UNTIL_OVER "vmovdqu64 %%zmm0, %0; vzeroupper"
                 : "=m"(sum) : "m"(one) : "xmm0", "cc", "memory");
    reached = sum[7];
}

static void high_register(void)
{
    asm volatile("vpxorq %%zmm20, %%zmm20, %%zmm20; 1: vpaddq %1, %%zmm20, %%zmm20; " UNTIL_OVER
                 "vmovdqu64 %%zmm20, %0; vpxorq %%zmm20, %%zmm20, %%zmm20"
                 : "=m"(sum) : "m"(one) : "cc", "memory");
    reached = sum[7];
}

static void mask(void)
{
    asm volatile("kmovq %1, %%k5; kxorq %%k6, %%k6, %%k6; 1: kaddq %%k5, %%k6, %%k6; " UNTIL_OVER "kmovq %%k6, %0; kxorq %%k6, %%k6, %%k6"
                 : "=m"(reached) : "r"(1L) : "cc", "memory");
}

int main(void)
{
    SKIP_UNLESS(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"), "no AVX-512");
    in_both_ways("zmm0", low_register);
    in_both_ways("zmm20", high_register);
    in_both_ways("k6", mask);
    return 0;
}
