/* Nothing changes at all, until somebody else changes something: jmp to itself, with pause, a read of memory.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static void jumps(void) { asm volatile(WAY_OUT "1: jmp 1b; 2:" : : : "rax", "memory"); }
static void jumps_far(void) { asm volatile(WAY_OUT "1: .byte 0xe9; .long -5; 2:" : : : "rax", "memory"); }
static void pauses(void) { asm volatile(WAY_OUT "1: pause; jmp 1b; 2:" : : : "rax", "memory"); }
static void long_nop(void) { asm volatile(WAY_OUT "1: .byte 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0; jmp 1b; 2:" : : : "rax", "memory"); }
static void reads(void) { asm volatile("1: movq over(%%rip), %%rcx; jrcxz 1b" : : : "rcx", "memory"); }
static void compares(void) { asm volatile("1: pause; " UNTIL_OVER : : : "cc", "memory"); }

int main(void)
{
    in_both_ways("jmp", jumps);
    in_both_ways("jmp of five bytes", jumps_far);
    in_both_ways("pause", pauses);
    in_both_ways("nop", long_nop);
    in_both_ways("read", reads);
    in_both_ways("compare", compares);
    return 0;
}
