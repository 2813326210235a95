/*
 * Two threads count in one int without a lock. The first is through, nearly always, before the second has begun: natively
 * it fails once in some thousand runs.
 *
 * Compile: -pthread
 * Used by: test_chaos
 */
#include "../threads.h"

#define EACH 500

static volatile int count;

static void *add(void *unused)
{
    (void)unused;
    for (int i = 0; i < EACH; i++)
        count++;
    return NULL;
}

int main(void)
{
    pthread_t first = started(add, NULL), second = started(add, NULL);
    joined(first);
    joined(second);
    printf("counted to %d\n", count);
    return count != 2 * EACH;
}
