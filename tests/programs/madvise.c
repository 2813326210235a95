/* madvise that changes contents: DONTNEED of private and file memory, REMOVE, FREE, WIPEONFORK, DONTFORK. */
#include "check.h"
#include <sys/mman.h>

enum { PAGE = 4096 };

int main(void)
{
    char *private = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(private, 'p', 8 * PAGE);
    CHECK(madvise(private + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
    CHECK(private[PAGE - 1] == 'p' && private[PAGE] == 0 && private[3 * PAGE - 1] == 0 && private[3 * PAGE] == 'p');

    int file = nameless_file();
    CHECK(file >= 0 && write(file, private, PAGE) == PAGE);
    char *of_file = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    of_file[7] = 'c';
    CHECK(madvise(of_file, PAGE, MADV_DONTNEED) == 0 && of_file[7] == 'p');

    char *shared = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(shared, 's', 4 * PAGE);
    CHECK(madvise(shared, 2 * PAGE, MADV_DONTNEED) == 0 && shared[0] == 's');
    CHECK(madvise(shared, 2 * PAGE, MADV_REMOVE) == 0 && shared[0] == 0 && shared[2 * PAGE] == 's');

    if (madvise(private + 4 * PAGE, PAGE, MADV_FREE) == 0) /* may be refused; written again it stays */
        private[4 * PAGE] = 'f';
    CHECK(madvise(private + 6 * PAGE, PAGE, MADV_DONTFORK) == 0);
    int wipes = madvise(private + 7 * PAGE, PAGE, MADV_WIPEONFORK) == 0;
    pid_t child = forked();
    if (child == 0) {
        CHECK(private[7 * PAGE] == (wipes ? 0 : 'p') && private[5 * PAGE] == 'p');
        CHECK_FAILS(write(file, private + 6 * PAGE, 1), EFAULT);
        _exit(0);
    }
    reap(child, 0);
    CHECK(private[6 * PAGE] == 'p' && private[7 * PAGE] == 'p');
    CHECK_FAILS(madvise(private + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK(madvise(private, 8 * PAGE, MADV_WILLNEED) == 0 && madvise(private, 8 * PAGE, MADV_HUGEPAGE) <= 0);
    puts("advised");
    return 0;
}
