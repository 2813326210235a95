/* Computes for some time with SIGPROF at 1 kHz of CPU time: "sort N" sorts a million numbers N times, "three N" runs N hundred
 * million rounds of a loop of three instructions. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { NUMBERS = 1000000 };
static uint64_t numbers[NUMBERS];
static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
    (void)number;
    ticks++;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

int main(int count, char **arguments)
{
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {0};
    if (count != 3)
        return 2;
    signal(SIGPROF, on_tick);
    setitimer(ITIMER_PROF, &timer, NULL);
    uint64_t x = 88172645463325252, rounds = strtoul(arguments[2], NULL, 10);
    if (!strcmp(arguments[1], "sort")) {
        while (rounds--) {
            for (int i = 0; i < NUMBERS; i++)
                numbers[i] = x = x * 6364136223846793005 + 1442695040888963407;
            qsort(numbers, NUMBERS, sizeof *numbers, compare);
        }
    } else {
        rounds *= 100000000;
        asm volatile("1: imul %1, %1; dec %0; jnz 1b" : "+r"(rounds), "+r"(x));
    }
    setitimer(ITIMER_PROF, &none, NULL);
    printf("%lx %lx %d\n", (unsigned long)numbers[NUMBERS / 2], (unsigned long)x, ticks > 0);
    return 0;
}
