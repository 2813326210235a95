/* Registers of every size hold values while a loop that needs none of them is interrupted.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static uint64_t kept[32][8], found[32][8], masks[8], masks_found[8], count;

static void with_avx512(void)
{
    asm volatile("vmovdqu64 (%[kept]), %%zmm0; vmovdqu64 64(%[kept]), %%zmm9; vmovdqu64 128(%[kept]), %%zmm16; vmovdqu64 192(%[kept]), %%zmm31;"
                 "kmovq (%[masks]), %%k1; kmovq 8(%[masks]), %%k7; fldl 256(%[kept]); "
                 "1: incq %[count]; " UNTIL_OVER
                 "vmovdqu64 %%zmm0, (%[found]); vmovdqu64 %%zmm9, 64(%[found]); vmovdqu64 %%zmm16, 128(%[found]); vmovdqu64 %%zmm31, 192(%[found]);"
                 "kmovq %%k1, (%[masks_found]); kmovq %%k7, 8(%[masks_found]); fstpl 256(%[found]); vzeroupper"
                 : [count] "+m"(count)
                 : [kept] "r"(kept), [found] "r"(found), [masks] "r"(masks), [masks_found] "r"(masks_found)
                 : "xmm0", "xmm9", "cc", "memory");
    CHECK(memcmp(kept, found, 4 * 64 + 8) == 0 && memcmp(masks, masks_found, 16) == 0);
    reached = count;
}

static void with_avx(void)
{
    asm volatile("vmovdqu (%[kept]), %%ymm1; vmovdqu 64(%[kept]), %%ymm15; 1: incq %[count]; " UNTIL_OVER
                 "vmovdqu %%ymm1, (%[found]); vmovdqu %%ymm15, 64(%[found]); vzeroupper"
                 : [count] "+m"(count) : [kept] "r"(kept), [found] "r"(found) : "xmm1", "xmm15", "cc", "memory");
    CHECK(memcmp(kept[0], found[0], 32) == 0 && memcmp(kept[1], found[1], 32) == 0);
    reached = count;
}

static void with_rounding(void)
{
    uint32_t control, rounding = 0x5f80, before; /* mxcsr: towards minus infinity... and back */
    uint16_t x87_control = 0x0f7f, x87_found;
    asm volatile("stmxcsr %[before]; ldmxcsr %[rounding]; fldcw %[x87]; 1: incq %[count]; " UNTIL_OVER
                 "stmxcsr %[control]; fnstcw %[found]; ldmxcsr %[before]; fninit"
                 : [count] "+m"(count), [before] "=m"(before), [control] "=m"(control), [found] "=m"(x87_found)
                 : [rounding] "m"(rounding), [x87] "m"(x87_control) : "cc", "memory");
    CHECK(control == rounding && x87_found == x87_control);
    reached = count;
}

int main(void)
{
    SKIP_UNLESS(__builtin_cpu_supports("avx"), "no AVX");
    double number = 2.25;
    for (int i = 0; i < 4 * 8; i++)
        kept[i / 8][i % 8] = (uint64_t)(i + 1) * 0x0123456789abcdef;
    memcpy(kept[4], &number, 8);
    masks[0] = 0x5a5a5a5a12345678, masks[1] = 0xfedcba9876543210;
    watched = &count;
    in_both_ways("avx", with_avx);
    in_both_ways("rounding", with_rounding);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
        in_both_ways("avx-512", with_avx512);
    return 0;
}
