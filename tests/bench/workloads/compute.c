/* compute REPETITIONS: arithmetic without a system call: streaming through memory, mixing words, branching at random. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIEVE = 1 << 21, WALKS = 40000 };

static uint8_t composite[SIEVE];

static long count_primes(void) {
    long primes = 0;
    memset(composite, 0, SIEVE);
    for (long i = 2; i < SIEVE; i++) {
        if (composite[i])
            continue;
        primes++;
        for (long multiple = i * i; multiple < SIEVE; multiple += i)
            composite[multiple] = 1;
    }
    return primes;
}

/* FNV-1a over words, with a rotation for good measure. */
static uint32_t mix(uint32_t hash) {
    for (long i = 0; i < SIEVE; i += 4) {
        uint32_t word;
        memcpy(&word, composite + i, sizeof word);
        hash = (hash ^ word) * 16777619u;
        hash = hash << 7 | hash >> 25;
    }
    return hash;
}

static long collatz_steps(void) {
    long steps = 0;
    for (uint64_t start = 1; start < WALKS; start++)
        for (uint64_t n = start; n != 1; steps++)
            n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

int main(int argc, char **argv) {
    long repetitions = argc > 1 ? atol(argv[1]) : 40, primes = 0, steps = 0;
    uint32_t hash = 2166136261u;
    for (long i = 0; i < repetitions; i++) {
        primes += count_primes();
        hash = mix(hash);
        steps += collatz_steps();
    }
    printf("%ld %ld %08x\n", primes, steps, hash);
    return 0;
}
