/* The registers alternate between a few states while a counter in memory advances slowly, as an interpreter's do.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

enum { INCREMENT, SWAP, DECREMENT, TEST, CODE_LENGTH };

static uint64_t counter, slots[4];

static void two_states(void)
{
    counter = 0;
    asm volatile("xor %%ebx, %%ebx; 1: xor $1, %%ebx; jnz 4f; incq %0; 4: " UNTIL_OVER : "+m"(counter) : : "rbx", "cc", "memory");
    reached = counter;
}

static void thousand_states(void)
{
    counter = 0;
    asm volatile("xor %%ebx, %%ebx; 1: inc %%ebx; and $1023, %%ebx; jnz 4f; addl $1, %0; 4: " UNTIL_OVER : "+m"(counter) : : "rbx", "cc", "memory");
    reached = counter;
}

/* Registers hold nothing but the place in the code; the machine's own registers are memory. */
static void interpreter(void)
{
    static const void *const labels[] = {&&increment, &&swap, &&decrement, &&test};
    static const unsigned char code[] = {INCREMENT, SWAP, INCREMENT, SWAP, DECREMENT, INCREMENT, TEST};
    const unsigned char *volatile place = code;
    memset(slots, 0, sizeof slots);
#define NEXT goto *labels[*place++]
    NEXT;
increment:
    slots[0]++;
    NEXT;
swap:
    slots[2] = slots[0], slots[0] = slots[1], slots[1] = slots[2];
    NEXT;
decrement:
    slots[1]--;
    NEXT;
test:
    place = code;
    if (!over)
        NEXT;
    reached = slots[0] * 3 + slots[1];
}

int main(void)
{
    watched = &counter;
    in_both_ways("two states", two_states);
    in_both_ways("a thousand", thousand_states);
    watched = slots;
    in_both_ways("interpreter", interpreter);
    return 0;
}
