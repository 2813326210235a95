/* A loop that adds up its own instructions: what is put into the code while somebody looks for a place in it must not show.
 * Output: varies
 * Used by: no test yet, as replay can only stop at each visit here, ten microseconds each
 * Compile: -pthread */
#include "interrupted.h"

extern const unsigned char code_start[], code_end[];

static uint64_t first_sum;

static void adds_up(void)
{
    uint64_t rounds = 0;
    do {
        uint64_t sum = 0;
        asm volatile("code_start: leaq code_start(%%rip), %%rsi; leaq code_end(%%rip), %%rdx;"
                     "1: movzbl (%%rsi), %%eax; imulq $31, %0, %0; addq %%rax, %0; incq %%rsi; cmpq %%rdx, %%rsi; jne 1b; code_end:"
                     : "+r"(sum) : : "rax", "rdx", "rsi", "cc", "memory");
        if (!first_sum)
            first_sum = sum;
        CHECK(sum == first_sum);
        rounds++;
    } while (!over);
    reached = rounds;
}

int main(void)
{
    in_both_ways("own code", adds_up);
    return 0;
}
