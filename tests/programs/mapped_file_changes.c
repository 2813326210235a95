/* A file that is mapped is truncated, emptied, punched, extended and written to, and the mapping shows it. */
#include "check.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>

enum { PAGE = 4096, LARGE = 20 << 20 };

static sigjmp_buf after_fault;
static char block[1 << 20];
static const char *path = "changing";

static void on_fault(int signal) { siglongjmp(after_fault, signal); }

/* The byte there, or -1 where the file does not reach so far. */
static int look(volatile char *place) { return sigsetjmp(after_fault, 1) ? -1 : *place; }

static int fresh(size_t size)
{
    unlink(path);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    CHECK(file >= 0);
    for (size_t done = 0; done < size; done += sizeof block)
        CHECK(write(file, block, size - done < sizeof block ? size - done : sizeof block) > 0);
    return file;
}

static char *mapped(int file, size_t length)
{
    char *start = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
    CHECK(start != MAP_FAILED);
    return start;
}

int main(void)
{
    CHECK(signal(SIGBUS, on_fault) != SIG_ERR);
    memset(block, 'A', sizeof block);

    char *start = mapped(fresh(2 * PAGE), 2 * PAGE);
    CHECK(look(start + PAGE) == 'A');
    close(open(path, O_WRONLY | O_TRUNC));
    printf("emptied by open: %d\n", look(start + PAGE));

    start = mapped(fresh(2 * PAGE), 2 * PAGE);
    CHECK(look(start + PAGE) == 'A' && truncate(path, 100) == 0 && truncate(path, 2 * PAGE) == 0);
    printf("truncated by name: %d %d %d\n", look(start), look(start + 100), look(start + PAGE));

    int file = fresh(2 * PAGE);
    start = mapped(file, 2 * PAGE);
    CHECK(look(start + PAGE) == 'A');
    if (fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE) == 0)
        CHECK(look(start + PAGE) == 0);
    printf("punched: %d\n", look(start));

    file = fresh(0);
    start = mapped(file, LARGE);
    CHECK(write(file, "hello", 5) == 5 && pwrite(file, "there", 5, LARGE - 100) == 5);
    printf("grown: %d %d %d\n", look(start), look(start + 5), look(start + LARGE - 100));

    start = mremap(mapped(fresh(LARGE), PAGE), PAGE, LARGE, MREMAP_MAYMOVE);
    CHECK(start != MAP_FAILED);
    printf("mapping grown: %d %d\n", look(start + 2 * PAGE), look(start + LARGE - PAGE));

    file = fresh(PAGE);
    start = mapped(file, 4 * PAGE);
    int appending = open(path, O_WRONLY | O_APPEND);
    for (int i = 0; i < 100; i++)
        CHECK(pwrite(appending, "x", 1, 0) == 1 && pwrite(file, "y", 1, i) == 1);
    printf("appended: %d %d %d\n", look(start + 99), look(start + PAGE + 99), look(start + PAGE + 100));
    /* RWF_APPEND, Linux 4.16: the file's end comes before the offset.  An offset of -1 is the file's position. */
    struct iovec two = {"zz", 2};
    if (syscall(SYS_pwritev2, file, &two, 1, 0L, 0L, 0x10) != 2)
        CHECK(pwrite(appending, "zz", 2, 0) == 2);
    if (syscall(SYS_pwritev2, file, &two, 1, -1L, -1L, 0) != 2)
        CHECK(write(file, "zz", 2) == 2);
    printf("appended to: %d %d %d\n", look(start), look(start + PAGE + 100), look(start + PAGE + 102));
    unlink(path);
    return 0;
}
