/* A leaf function keeps its counters in the 128 bytes below the stack pointer while it is interrupted.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void counts(void)
{
    uint64_t sum;
    asm volatile("movq $0, -128(%%rsp); movq $7, -8(%%rsp); movl $0x55, -64(%%rsp);"
                 "1: incq -128(%%rsp); addl $3, -8(%%rsp); cmpl $0x55, -64(%%rsp); jne 4f; " UNTIL_OVER
                 "movq -128(%%rsp), %0; jmp 5f; 4: ud2; 5:"
                 : "=r"(sum) : : "cc", "memory");
    reached = sum;
}

int main(void)
{
    in_both_ways("below the stack pointer", counts);
    return 0;
}
