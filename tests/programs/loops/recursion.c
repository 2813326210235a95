/* Calls and returns: the same few registers at every depth, the stack alone tells them apart.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static uint64_t calls;

static __attribute__((noinline)) uint64_t fibonacci(uint64_t n)
{
    calls++;
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static void recurses(void)
{
    uint64_t sum = 0;
    while (!over)
        sum += fibonacci(18);
    CHECK(sum % 2584 == 0);
    reached = sum;
}

/* Down and up again, with nothing in registers but the depth. */
static void deep(void)
{
    uint64_t count = 0;
    asm volatile("sub $128, %%rsp; 1: mov $300, %%ecx; call 4f; incq %0; cmpq $0, over(%%rip); je 1b; add $128, %%rsp; jmp 5f;"
                 "4: dec %%ecx; jz 6f; call 4b; 6: ret; 5:"
                 : "+r"(count) : : "rcx", "cc", "memory");
    reached = count;
}

int main(void)
{
    watched = &calls;
    in_both_ways("fibonacci", recurses);
    in_both_ways("deep", deep);
    return 0;
}
