/* Code that reads the immediate of an instruction of its own loop as data, now and then: V8's partial constant pool.
 */
#include "../threads.h"

#define ROUNDS 60000
#define CONSTANT 0x1122334455667788

static void *add_and_read(void *argument)
{
    uint64_t sum = (uintptr_t)argument, seen = CONSTANT;
    for (long n = 0; n < ROUNDS && seen == CONSTANT; n++) {
        uint64_t constant;
        uint32_t left = 1000;
        asm volatile("1: movabs $0x1122334455667788, %0; add %0, %1; dec %2; jnz 1b; mov 1b+2(%%rip), %0"
                     : "=&r"(constant), "+r"(sum), "+r"(left)
                     :
                     : "cc");
        seen = constant;
    }
    CHECK(seen == CONSTANT);
    return (void *)sum;
}

int main(void)
{
    pthread_t threads[3];
    for (long n = 0; n < 3; n++)
        threads[n] = started(add_and_read, (void *)n);
    for (long n = 0; n < 3; n++)
        CHECK((uintptr_t)joined(threads[n]) == n + 1000ul * ROUNDS * CONSTANT);
    puts("the constant stayed");
    return 0;
}
