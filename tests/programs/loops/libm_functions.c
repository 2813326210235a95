/* Interrupted inside of libm, with doubles and whole vectors in registers.
 * Output: varies
 * Compile: -pthread -Wno-psabi -Wl,--no-as-needed -lm */
#include "interrupted.h"

#include <math.h>

static uint64_t rounds;

static void waves(void)
{
    double x = 0.5, sum = 0;
    for (rounds = 0; !over; rounds++) {
        x = sin(x) * 3 + cos(sum) + 0.1;
        sum += exp(-x) + pow(fabs(x) + 0.1, 1.3) + atan2(x, sum + 1);
    }
    memcpy((void *)&reached, &sum, 8);
}

static void vectors(void)
{
    typedef float floats __attribute__((vector_size(32)));
    floats value = {1, 2, 3, 4, 5, 6, 7, 8}, sum = {0};
    for (rounds = 0; !over; rounds++) {
        value = value * 0.99f + 0.02f;
        sum = sum * 0.5f + value;
    }
    memcpy((void *)&reached, &sum, 8);
}

int main(void)
{
    watched = &rounds;
    in_both_ways("libm", waves);
    in_both_ways("vectors", vectors);
    return 0;
}
