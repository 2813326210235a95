/* Loops of one, two and three short instructions, in which nothing of five bytes has room.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void loop_instruction(void)
{
    uint64_t count = 0;
    asm volatile(WAY_OUT "1: loop 1b; 2:" : "+c"(count) : : "rax", "memory");
    reached = -count;
}

static void two_instructions(void)
{
    uint64_t count = 0;
    asm volatile(WAY_OUT "1: inc %0; jmp 1b; 2:" : "+b"(count) : : "rax", "cc", "memory");
    reached = count;
}

static void four_bytes(void)
{
    uint32_t count;
    asm volatile(WAY_OUT "3: mov $-1, %0; 1: dec %0; jnz 1b; jmp 3b; 2:" : "=b"(count) : : "rax", "cc", "memory");
    reached = count;
}

static void three_instructions(void)
{
    uint64_t count = 0;
    asm volatile(WAY_OUT "1: inc %%ebx; test %%ebx, %%ebx; jmp 1b; 2:" : "+b"(count) : : "rax", "cc", "memory");
    reached = count;
}

static void all_are_targets(void)
{
    uint64_t count = 0; /* every instruction is jumped to, so none can be covered by its neighbour */
    asm volatile(WAY_OUT "1: inc %%ebx; 4: inc %%ebx; 5: inc %%ebx; test $4, %%bl; jnz 4b; test $8, %%bl; jnz 5b; jmp 1b; 2:"
                 : "+b"(count) : : "rax", "cc", "memory");
    reached = count;
}

static void overlapping(void)
{
    uint64_t count = 0; /* eb ff is a jump into its own second byte, where ff c3 is inc %ebx */
    asm volatile("1: .byte 0xeb, 0xff, 0xc3; " UNTIL_OVER : "+b"(count) : : "cc", "memory");
    reached = count;
}

int main(void)
{
    in_both_ways("loop", loop_instruction);
    in_both_ways("two", two_instructions);
    in_both_ways("four bytes", four_bytes);
    in_both_ways("three", three_instructions);
    in_both_ways("all are targets", all_are_targets);
    in_both_ways("overlapping", overlapping);
    return 0;
}
