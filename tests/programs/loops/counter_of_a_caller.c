/* What counts the rounds of a long loop is in a frame far up the stack, or in memory that a child could share.
 * Output: varies
 * Compile: -pthread */
#include "check.h"
#include "interrupted.h"

#include <sys/mman.h>

enum { NUMBERS = 500 };

/* The same work every time, longer than a recorder steps; it changes memory too, the same each time. */
static __attribute__((noinline)) int sorted(void)
{
    int numbers[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = i * 7919 % 503;
    for (int i = 1; i < NUMBERS; i++)
        for (int j = i; j > 0 && numbers[j - 1] > numbers[j]; j--) {
            int larger = numbers[j - 1];
            numbers[j - 1] = numbers[j];
            numbers[j] = larger;
        }
    asm volatile("" : : "r"(numbers) : "memory");
    return numbers[NUMBERS - 1];
}

static volatile uint64_t *volatile counter; /* no register points there while the work is done */

static __attribute__((noinline)) void rounds(void)
{
    *counter = 0;
    watched = counter;
    while (!over) {
        *counter += sorted() > 0;
        asm volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi" : : : "rax", "rcx", "rdx", "rsi", "cc");
    }
    reached = *counter;
    watched = NULL;
}

static void in_a_caller(void)
{
    volatile struct {
        char before[4096];
        uint64_t counter;
        char behind[4096];
    } state;
    counter = &state.counter;
    rounds();
}

static void in_shared_memory(void)
{
    static volatile uint64_t *memory;
    if (memory == NULL)
        memory = mmap(NULL, 1 << 17, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    counter = &memory[5000];
    rounds();
}

int main(void)
{
    in_both_ways("in a caller", in_a_caller);
    in_both_ways("in shared memory", in_shared_memory);
    return 0;
}
