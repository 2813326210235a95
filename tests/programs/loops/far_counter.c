/* An interpreter whose only changing state is a number in a large heap, three pointers away from any register, among much code.
 * Output: varies
 * Compile: -pthread */
#include "check.h"
#include "interrupted.h"

struct number {
    uint64_t value;
};
struct frame {
    char filler[40000];
    struct number *local;
};
struct machine {
    char filler[50000];
    struct frame *frame;
};

static struct machine *machine;

/* The same work every time, longer than a recorder steps: nothing of it depends on the number. */
static __attribute__((noinline)) uint64_t work(uint64_t seed)
{
    uint64_t x = seed;
    for (int i = 0; i < 400; i++)
        asm volatile("imul $3, %0, %0; rol $5, %0; xor $77, %0" : "+r"(x) : : "cc");
    return x;
}

static __attribute__((noinline)) void step(struct machine *m)
{
    m->frame->local->value += work(1) & 1 ? 2 : 1;
    asm volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi" : : : "rax", "rcx", "rdx", "rsi", "cc");
}

static void interpreter(void)
{
    if (machine == NULL) {
        machine = malloc(sizeof *machine);
        machine->frame = malloc(sizeof *machine->frame);
        char *apart = malloc(90000);
        machine->frame->local = malloc(sizeof *machine->frame->local);
        CHECK(apart != NULL);
    }
    machine->frame->local->value = 0;
    watched = &machine->frame->local->value;
    while (!over)
        step(machine);
    reached = machine->frame->local->value;
}

int main(void)
{
    in_both_ways("interpreter", interpreter);
    return 0;
}
