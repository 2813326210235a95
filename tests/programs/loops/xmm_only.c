/* Only an xmm register changes: an integer, a double, or one that is shuffled round and round.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void adds_integer(void)
{
    asm volatile("pxor %%xmm5, %%xmm5; movq %1, %%xmm6; 1: paddq %%xmm6, %%xmm5; " UNTIL_OVER "movq %%xmm5, %0"
                 : "=m"(reached) : "r"(1L) : "xmm5", "xmm6", "cc", "memory");
}

static void adds_double(void)
{
    double sum = 0;
    asm volatile("1: addsd %1, %0; " UNTIL_OVER : "+x"(sum) : "x"(1.0) : "cc", "memory");
    reached = (uint64_t)sum;
}

static void rotates(void)
{
    asm volatile("movq %1, %%xmm15; 1: pshufd $0x39, %%xmm15, %%xmm15; " UNTIL_OVER "movq %%xmm15, %0"
                 : "=m"(reached) : "r"(0x200000001L) : "xmm15", "cc", "memory");
}

int main(void)
{
    in_both_ways("integer", adds_integer);
    in_both_ways("double", adds_double);
    in_both_ways("rotated", rotates);
    return 0;
}
