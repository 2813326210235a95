/* A process of many threads dies: by a fault in one, by abort, by SIGKILL of itself or from a sibling, by _exit of any.
 * Compile: -pthread */
#include "threads.h"
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>

enum { THREADS = 8, ENDINGS = 7 };

static const int expected[ENDINGS] = {SIGSEGV, SIGABRT, SIGKILL, SIGKILL, 5 << 8, SIGTERM, SIGUSR2};
static int never[2], ready[2];
static volatile uint32_t word;

static void *is_somewhere(void *argument)
{
    char byte;
    for (long kind = (long)argument;;)
        switch (kind % 5) {
        case 0: pause(); break;
        case 1: CHECK(read(never[0], &byte, 1) == 1); break;
        case 2: await_change(&word, 0); break;
        case 3: poll(&(struct pollfd){.fd = never[0], .events = POLLIN}, 1, 1); break;
        default: getppid();
        }
}

static void *ends(void *argument)
{
    usleep(1000);
    switch ((long)argument) {
    case 0: *(volatile int *)8 = 1; break;
    case 1: abort();
    case 2: kill(getpid(), SIGKILL); break;
    case 3: CHECK(write(ready[1], "*", 1) == 1); pause(); break;
    case 4: _exit(5);
    case 5: kill(getpid(), SIGTERM); break;
    default: raise(SIGUSR2);
    }
    return NULL;
}

int main(void)
{
    char byte;
    CHECK(pipe(never) == 0 && pipe(ready) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0);
    for (long ending = 0; ending < ENDINGS; ending++) {
        pid_t child = forked(), sibling = -1;
        if (child == 0) {
            for (long i = 0; i < THREADS; i++)
                started(i == THREADS / 2 ? ends : is_somewhere, (void *)(i == THREADS / 2 ? ending : i));
            is_somewhere((void *)ending);
        }
        if (ending == 3 && (sibling = forked()) == 0) {
            CHECK(read(ready[0], &byte, 1) == 1);
            _exit(kill(child, SIGKILL));
        }
        reap(child, expected[ending]);
        if (sibling > 0)
            reap(sibling, 0);
        printf("ended by %#x\n", expected[ending]);
    }
    return 0;
}
