/* Only an x87 register changes: a number, where the top of the stack is; or one of MMX.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void adds(void)
{
    asm volatile("fld1; fldz; 1: fadd %%st(1), %%st; " UNTIL_OVER "fistpll %0; fstp %%st(0)" : "=m"(reached) : : "cc", "memory");
}

static void turns(void)
{
    asm volatile("fld1; 1: fincstp; fdecstp; fchs; " UNTIL_OVER "fistpll %0" : "=m"(reached) : : "cc", "memory");
}

static void adds_mmx(void)
{
    asm volatile("movq %1, %%mm1; pxor %%mm0, %%mm0; 1: paddd %%mm1, %%mm0; " UNTIL_OVER "movq %%mm0, %0; emms"
                 : "=m"(reached) : "r"(1L) : "cc", "memory");
}

int main(void)
{
    in_both_ways("sum", adds);
    in_both_ways("sign", turns);
    in_both_ways("mmx", adds_mmx);
    return 0;
}
