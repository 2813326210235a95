/* pushf and popf in the loop: the trap flag of somebody who steps through it must not be seen, nor be lost by popf.
 * Output: varies
 * Compile: -pthread -mno-red-zone */
#include "interrupted.h"

static void pushes(void)
{
    uint64_t flags, traps = 0, count = 0;
    while (!over) {
        asm volatile("sub $128, %%rsp; pushfq; popq %0; add $128, %%rsp" : "=r"(flags) : : "cc", "memory");
        traps += flags >> 8 & 1;
        count++;
    }
    CHECK(traps == 0);
    reached = count;
}

static void pops(void)
{
    uint64_t count = 0;
    asm volatile("sub $128, %%rsp; 1: pushfq; orq $1, (%%rsp); popfq; adcq $0, %0; pushfq; testl $0x100, (%%rsp); jz 4f; ud2; 4: popfq; " UNTIL_OVER "add $128, %%rsp"
                 : "+r"(count) : : "cc", "memory");
    reached = count;
}

static void keeps_in_register(void)
{
    uint64_t first, now, count = 0;
    asm volatile("cmp %%rax, %%rax; pushfq; popq %0" : "=r"(first) : : "cc", "memory");
    do {
        asm volatile("cmp %%rax, %%rax; pushfq; popq %0" : "=r"(now) : : "cc", "memory");
        count++;
    } while (now == first && !over);
    CHECK(now == first);
    reached = count;
}

int main(void)
{
    in_both_ways("pushf", pushes);
    in_both_ways("popf", pops);
    in_both_ways("compared", keeps_in_register);
    return 0;
}
