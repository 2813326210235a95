/* Locked instructions: xadd, cmpxchg until it succeeds, inc of a bit field that two threads share.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static uint64_t word;

static void adds(void)
{
    uint64_t one;
    do {
        one = 1;
        asm volatile("lock xaddq %0, %1" : "+r"(one), "+m"(word) : : "cc", "memory");
    } while (!over);
    reached = word;
}

static void compares(void)
{
    asm volatile("1: movq %0, %%rax; leaq 1(%%rax), %%rcx; lock cmpxchgq %%rcx, %0; jne 1b; " UNTIL_OVER : "+m"(word) : : "rax", "rcx", "cc", "memory");
    reached = word;
}

static void only_memory(void)
{
    asm volatile("1: lock incq %0; " UNTIL_OVER : "+m"(word) : : "cc", "memory");
    reached = word;
}

static void of_sixteen_bytes(void)
{
    static unsigned __int128 pair __attribute__((aligned(16)));
    asm volatile("1: movq %0, %%rax; movq %1, %%rdx; leaq 1(%%rax), %%rbx; movq %%rax, %%rcx; lock cmpxchg16b %0; jne 1b; " UNTIL_OVER
                 : "+m"(pair) : "m"(((uint64_t *)&pair)[1]) : "rax", "rbx", "rcx", "rdx", "cc", "memory");
    reached = (uint64_t)pair;
    CHECK((uint64_t)(pair >> 64) == reached - 1);
}

static void exchanges(void)
{
    uint64_t count = 0;
    asm volatile("1: xchgq %0, %1; incq %0; " UNTIL_OVER : "+r"(count), "+m"(word) : : "cc", "memory");
    reached = count + word;
}

int main(void)
{
    watched = &word;
    in_both_ways("xadd", adds);
    in_both_ways("cmpxchg", compares);
    in_both_ways("inc", only_memory);
    in_both_ways("cmpxchg16b", of_sixteen_bytes);
    in_both_ways("xchg", exchanges);
    return 0;
}
