/* An inner loop that looks the same each time, in an outer one whose counter is only in memory: stack, global, heap, far away.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

#include <sys/mman.h>

static uint64_t global;

static void count_in(volatile uint64_t *outer)
{
    watched = outer;
    *outer = 0;
    asm volatile("1: mov $500, %%ecx; 3: dec %%ecx; jnz 3b; incq (%0); " UNTIL_OVER : : "r"(outer) : "ecx", "cc", "memory");
    reached = *outer;
}

static void in_global(void)
{
    global = 0;
    watched = &global;
    asm volatile("1: mov $300, %%ecx; 3: sub $1, %%ecx; jnz 3b; incq %0; " UNTIL_OVER : "+m"(global) : : "ecx", "cc", "memory");
    reached = global;
}

static void on_stack(void)
{
    uint64_t own = 0;
    count_in(&own);
}

static void on_heap(void)
{
    uint64_t *place = malloc(800);
    count_in(place + 55);
    watched = NULL;
    free(place);
}

static void pointed_to(void)
{
    /* The pointer to the counter is in memory itself, in another page each time. */
    uint64_t *pages = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), **place = (uint64_t **)pages;
    CHECK(pages != MAP_FAILED);
    *place = pages + 5 * 512 + 77;
    watched = *place;
    asm volatile("1: mov $400, %%ecx; 3: dec %%ecx; jnz 3b; mov (%0), %%rcx; incq (%%rcx); " UNTIL_OVER : : "r"(place) : "rcx", "cc", "memory");
    reached = pages[5 * 512 + 77];
}

int main(void)
{
    in_both_ways("global", in_global);
    in_both_ways("stack", on_stack);
    in_both_ways("heap", on_heap);
    in_both_ways("pointed to", pointed_to);
    return 0;
}
