/* Only a counter in memory changes from round to round, and no register: absolute, relative to rip, indexed, on the stack.
 * Output: varies
 * Compile: -pthread -no-pie -fno-pie */
#include "interrupted.h"

static uint64_t counter, array[64];

static __attribute__((noinline)) void watch(const uint64_t *place) { watched = place; }

static void absolute(void)
{
    asm volatile("1: incq counter; cmpq $0, over; je 1b" : : : "memory", "cc");
    reached = counter;
}

static void relative(void)
{
    asm volatile("1: addq $3, %0; " UNTIL_OVER : "+m"(counter) : : "cc");
    reached = counter;
}

static void indexed(void)
{
    asm volatile("1: incl -8(%0,%1,8); " UNTIL_OVER : : "r"(array), "r"(7L) : "memory", "cc");
    reached = array[6];
}

static void on_stack(void)
{
    uint64_t own = 0;
    watch(&own);
    asm volatile("1: decq %0; " UNTIL_OVER : "+m"(own) : : "cc");
    reached = own;
}

static void endless(void)
{
    asm volatile(WAY_OUT "1: incq %0; jmp 1b; 2:" : "+m"(counter) : : "rax", "cc", "memory");
    reached = counter;
}

int main(void)
{
    watched = &counter;
    in_both_ways("absolute", absolute);
    in_both_ways("relative", relative);
    watched = &array[6];
    in_both_ways("indexed", indexed);
    in_both_ways("on the stack", on_stack);
    watched = &counter;
    in_both_ways("endless", endless);
    return 0;
}
