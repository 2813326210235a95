/* Twelve processes whose threads are all in the middle of syscalls that change things when one ends them all.
 * Compile: -pthread */
#include "threads.h"
#include <signal.h>
#include <sys/mman.h>

enum { THREADS = 4, ROUNDS = 12 };

static int line[2];

static void *maps(void *unused)
{
    for (;;) {
        char *pages = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        pages[4096] = 1;
        munmap(pages, 16384);
    }
    return unused;
}

static void *writes_and_reads(void *unused)
{
    char text[512] = "";
    for (;;)
        CHECK(write(line[1], text, sizeof text) == sizeof text && read(line[0], text, sizeof text) == sizeof text);
    return unused;
}

static void *makes_threads(void *function)
{
    for (;;)
        joined(started((void *(*)(void *))function, NULL));
    return NULL;
}

static void *returns(void *argument) { return argument; }

static void *forks(void *unused)
{
    for (;;) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        waitpid(child, NULL, 0);
    }
    return unused;
}

int main(void)
{
    void *(*const kinds[THREADS])(void *) = {maps, writes_and_reads, makes_threads, forks};
    CHECK(pipe(line) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child = forked();
        if (child == 0) {
            for (int i = 0; i < THREADS; i++)
                started(kinds[i], (void *)returns);
            usleep(500 * round);
            if (round % 3 == 0)
                kill(getpid(), SIGKILL);
            _exit(8);
        }
        if (round % 3 == 2) {
            usleep(1000);
            kill(child, SIGKILL);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && (status == SIGKILL || status == 8 << 8));
    }
    puts("none left");
    return 0;
}
