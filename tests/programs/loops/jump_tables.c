/* Indirect jumps and calls: a switch through a table, function pointers, tail calls, returns to where nobody called from.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

static uint64_t rounds;

static void switches(void)
{
    uint64_t value = 1;
    for (rounds = 0; !over; rounds++)
        switch (value % 8) {
        case 0: value += 3; break;
        case 1: value *= 7; break;
        case 2: value ^= value >> 5; break;
        case 3: value -= 11; break;
        case 4: value = value << 3 | value >> 61; break;
        case 5: value += rounds; break;
        case 6: value = ~value; break;
        default: value ^= 0x5555; break;
        }
    reached = value;
}

static __attribute__((noinline)) uint64_t adds(uint64_t value) { return value + 1; }
static __attribute__((noinline)) uint64_t turns(uint64_t value) { return value * 5; }
static __attribute__((noinline)) uint64_t mixes(uint64_t value) { return value ^ value >> 3; }

static void calls(void)
{
    static uint64_t (*const functions[])(uint64_t) = {adds, turns, mixes};
    uint64_t value = 1;
    for (rounds = 0; !over; rounds++)
        value = functions[value % 3](value);
    reached = value;
}

static void returns_elsewhere(void)
{
    uint64_t count = 0; /* a return to an address that was pushed */
    asm volatile("sub $128, %%rsp; 1: leaq 4f(%%rip), %%rax; push %%rax; incq %0; ret; ud2; 4: " UNTIL_OVER "add $128, %%rsp" : "+r"(count) : : "rax", "cc", "memory");
    reached = count;
}

int main(void)
{
    watched = &rounds;
    in_both_ways("switch", switches);
    in_both_ways("pointers", calls);
    in_both_ways("returns", returns_elsewhere);
    return 0;
}
