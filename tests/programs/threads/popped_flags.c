/* Threads that save and restore their flags all the time: stepped over popf, the kernel would leave the trap flag set. */
#include "../threads.h"

#define ROUNDS 6000000

static void *save_and_restore(void *argument)
{
    long sum = (long)argument;
    unsigned long flags = 0, seen = 0;
    for (long n = 0; n < ROUNDS; n++) {
        asm volatile("sub $128, %%rsp; pushfq; mov (%%rsp), %0; popfq; add $128, %%rsp" : "=r"(flags) : : "memory", "cc");
        seen |= flags;
        sum += n ^ (long)flags;
    }
    CHECK(!(seen & 0x100));
    return (void *)sum;
}

int main(void)
{
    pthread_t threads[3];
    for (long n = 0; n < 3; n++)
        threads[n] = started(save_and_restore, (void *)n);
    for (int n = 0; n < 3; n++)
        joined(threads[n]);
    puts("no trap flag");
    return 0;
}
