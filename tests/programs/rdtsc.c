/* rdtsc and rdtscp: values that grow and that nothing but a recording can repeat.
 * Output: varies */
#include "check.h"

int main(void)
{
    unsigned long last = 0, sum = 0;
    unsigned processor = 0;
    for (int i = 0; i < 200; i++) {
        unsigned low, high;
        if (i % 2)
            asm volatile("rdtsc" : "=a"(low), "=d"(high));
        else
            asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(processor));
        unsigned long now = (unsigned long)high << 32 | low;
        CHECK(now > last);
        last = now;
        sum += now;
    }
    printf("%lu %lu on %u\n", last, sum, processor);
    return 0;
}
