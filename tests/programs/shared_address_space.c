/* Two processes in one address space (CLONE_VM): what either maps, unmaps or breaks is there, or gone, for both. */
#include "check.h"
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

static char stack[65536] __attribute__((aligned(16)));
static char *volatile given, *volatile taken;
static int there[2], back[2];
static volatile int signals;

static void handler(int signal) { signals += signal == SIGUSR1; }

static int child_main(void *unused)
{
    char byte;
    (void)unused;
    given = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    given[0] = 'g';
    CHECK(signal(SIGUSR1, handler) != SIG_ERR); /* CLONE_SIGHAND: the parent's too */
    CHECK(write(back[1], "*", 1) == 1 && read(there[0], &byte, 1) == 1);
    CHECK(taken[4096] == 't' && munmap(taken, 4096) == 0 && chdir("/usr") == 0);
    return given[1] == 'p' ? 6 : 7;
}

int main(void)
{
    char byte, folder[100];
    CHECK(pipe(there) == 0 && pipe(back) == 0);
    pid_t child = clone(child_main, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | SIGCHLD, NULL);
    CHECK(child > 0 && read(back[0], &byte, 1) == 1 && given[0] == 'g');
    given[1] = 'p';
    CHECK(raise(SIGUSR1) == 0 && signals == 1);
    taken = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    taken[4096] = 't';
    CHECK(write(there[1], "*", 1) == 1);
    reap(child, 6 << 8);
    CHECK_FAILS(write(back[1], taken, 1), EFAULT);
    CHECK(taken[4096] == 't' && given[1] == 'p' && getcwd(folder, sizeof folder) && strcmp(folder, "/usr") == 0);
    puts("one address space");
    return 0;
}
