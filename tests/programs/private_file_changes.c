/* A file that changes under a private mapping: pages not yet written show it, written ones do not; truncated ones fault. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static sigjmp_buf back;

static void handler(int signal) { siglongjmp(back, signal); }

int main(void)
{
    char name[] = "/tmp/changesXXXXXX", page[PAGE];
    int fd = mkstemp(name);
    CHECK(fd >= 0 && unlink(name) == 0 && signal(SIGBUS, handler) != SIG_ERR);
    memset(page, 'o', PAGE);
    for (int i = 0; i < 6; i++)
        CHECK(write(fd, page, PAGE) == PAGE);
    volatile char *mapped = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    mapped[PAGE + 1] = 'm';
    CHECK(mapped[0] == 'o' && pwrite(fd, "new", 3, 0) == 3 && mapped[0] == 'n' && mapped[3] == 'o');
    CHECK(pwrite(fd, "new", 3, PAGE) == 3 && mapped[PAGE] == 'o' && mapped[PAGE + 1] == 'm');
    pid_t child = forked();
    if (child == 0) {
        CHECK(pwrite(fd, "child", 5, 2 * PAGE) == 5 && mapped[2 * PAGE] == 'c');
        _exit(0);
    }
    reap(child, 0);
    CHECK(mapped[2 * PAGE] == 'c');
    CHECK(ftruncate(fd, 3 * PAGE + 100) == 0 && mapped[3 * PAGE + 99] == 'o' && mapped[3 * PAGE + 100] == 0);
    volatile int faulted = sigsetjmp(back, 1);
    if (!faulted)
        mapped[5 * PAGE] = 'x';
    CHECK(faulted == SIGBUS);
    CHECK(ftruncate(fd, 6 * PAGE) == 0 && mapped[5 * PAGE] == 0 && mapped[PAGE + 1] == 'm');
    puts("changed underneath");
    return 0;
}
