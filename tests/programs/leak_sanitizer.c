/* LeakSanitizer stops all threads by ptrace(2) to look for pointers in them: it finds what leaks, and nothing else.
 *
 * Compile: -fsanitize=leak -pthread
 * Output: varies
 */
#include "threads.h"
#include <sanitizer/lsan_interface.h>

static pthread_barrier_t ready;

static void *keep(void *argument)
{
    char *volatile kept = malloc(77);
    kept[0] = 1;
    pthread_barrier_wait(&ready);
    for (;;)
        pause();
    return argument;
}

static void leak(void)
{
    char *volatile leaked = malloc(123);
    leaked[0] = 1;
    leaked = NULL;
}

int main(void)
{
    CHECK(pthread_barrier_init(&ready, NULL, 2) == 0);
    started(keep, NULL);
    pthread_barrier_wait(&ready);
    CHECK(__lsan_do_recoverable_leak_check() == 0);
    leak();
    CHECK(__lsan_do_recoverable_leak_check() == 1);
    /* Not once more. */
    _exit(0);
}
