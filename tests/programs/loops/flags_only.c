/* Only a flag changes from round to round: carry, direction.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void carry(void)
{
    unsigned char seen_carry;
    asm volatile("clc; 1: cmc; movq over(%%rip), %%rcx; jrcxz 1b; setc %0" : "=r"(seen_carry) : : "rcx", "cc", "memory");
    reached = seen_carry;
}

static void direction(void)
{
    asm volatile("1: std; movq over(%%rip), %%rcx; cld; jrcxz 1b" : : : "rcx", "cc", "memory");
}

static void endless(void)
{
    asm volatile(WAY_OUT "1: cmc; jmp 1b; 2: cld" : : : "rax", "cc", "memory");
}

int main(void)
{
    in_both_ways("carry", carry);
    in_both_ways("direction", direction);
    in_both_ways("endless", endless);
    return 0;
}
