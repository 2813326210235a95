/* Interrupted inside of libc: memset, memcpy, strlen, memchr, qsort, strtod, snprintf and the rest of a shared library's code.
 * Output: varies
 * Compile: -pthread */
#include "interrupted.h"

enum { SIZE = 1 << 20, NUMBERS = 3000 };

static char *text, *copy;
static uint64_t rounds;

static void of_memory(void)
{
    for (rounds = 0; !over; rounds++) {
        memset(text, (int)rounds % 100 + 1, SIZE - 1);
        memcpy(copy, text, SIZE);
        CHECK(strlen(copy) == SIZE - 1 && memchr(text, 200, SIZE) == NULL && memcmp(text, copy, SIZE) == 0);
    }
    reached = rounds;
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void sorts(void)
{
    static uint32_t numbers[NUMBERS];
    uint32_t x = 1;
    for (rounds = 0; !over; rounds++) {
        for (int i = 0; i < NUMBERS; i++)
            numbers[i] = x = x * 1664525 + 1013904223;
        qsort(numbers, NUMBERS, sizeof numbers[0], by_number);
        for (int i = 1; i < NUMBERS; i++)
            CHECK(numbers[i - 1] <= numbers[i]);
    }
    reached = rounds;
}

static void of_text(void)
{
    char line[100];
    double number = 0.1;
    for (rounds = 0; !over; rounds++) {
        snprintf(line, sizeof line, "%.17g %s %lx", number, "word", rounds);
        CHECK(strtod(line, NULL) == number);
        number = number * 1.1 + 0.3;
        if (number > 1e200)
            number = 0.7;
    }
    reached = rounds;
}

static void allocates(void)
{
    static void *blocks[64];
    uint32_t x = 1;
    for (rounds = 0; !over; rounds++) {
        x = x * 1664525 + 1013904223;
        free(blocks[x >> 26]);
        blocks[x >> 26] = malloc(x >> 8 & 1023);
    }
    reached = rounds;
}

int main(void)
{
    text = calloc(1, SIZE);
    copy = calloc(1, SIZE);
    CHECK(text && copy);
    watched = &rounds;
    in_both_ways("memory", of_memory);
    in_both_ways("qsort", sorts);
    in_both_ways("text", of_text);
    in_both_ways("malloc", allocates);
    return 0;
}
