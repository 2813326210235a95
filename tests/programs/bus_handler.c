/* SIGBUS: behind the end of a mapped file, until the handler lets the file grow. */
#include "check.h"
#include <signal.h>
#include <sys/mman.h>

static int file;
static char *volatile mapped;
static volatile int faults;

static void grow(int signal, siginfo_t *info, void *context)
{
    (void)context;
    CHECK(signal == SIGBUS && info->si_code == BUS_ADRERR && info->si_addr == mapped + 5000);
    faults++;
    CHECK(ftruncate(file, 8192) == 0 && pwrite(file, "z", 1, 5000) == 1);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = grow, .sa_flags = SA_SIGINFO};
    char name[] = "/tmp/busXXXXXX";
    file = mkstemp(name);
    CHECK(file >= 0 && unlink(name) == 0 && ftruncate(file, 100) == 0 && sigaction(SIGBUS, &action, NULL) == 0);
    mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(mapped[100] == 0 && mapped[5000] == 'z' && faults == 1);
    puts("the file grew");
    return 0;
}
