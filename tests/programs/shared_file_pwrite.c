/* A file that is mapped shared and written through descriptors as well: pwrite, write, writev, a pipe, and read into the mapping. */
#include "check.h"
#include <sys/mman.h>
#include <sys/uio.h>

enum { PAGE = 4096 };

int main(void)
{
    char name[] = "/tmp/writtenXXXXXX";
    int fd = mkstemp(name), line[2];
    CHECK(fd >= 0 && unlink(name) == 0 && ftruncate(fd, 8 * PAGE) == 0 && pipe(line) == 0);
    volatile char *mapped = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(mapped != MAP_FAILED);
    CHECK(pwrite(fd, "pwrite", 6, PAGE - 3) == 6 && mapped[PAGE + 2] == 'e' && mapped[PAGE - 3] == 'p');
    CHECK(lseek(fd, 2 * PAGE, SEEK_SET) == 2 * PAGE && write(fd, "write", 5) == 5 && mapped[2 * PAGE + 4] == 'e');
    CHECK(writev(fd, (struct iovec[]){{"ab", 2}, {"cd", 2}}, 2) == 4 && mapped[2 * PAGE + 5] == 'a' && mapped[2 * PAGE + 8] == 'd');
    CHECK(pwritev(fd, (struct iovec[]){{"ef", 2}, {"gh", 2}}, 2, 100) == 4 && mapped[103] == 'h');
    CHECK(write(line[1], "piped", 5) == 5 && splice(line[0], NULL, fd, &(loff_t){3 * PAGE}, 5, 0) == 5 && mapped[3 * PAGE + 4] == 'd');
    CHECK(write(line[1], "into", 4) == 4 && read(line[0], (char *)mapped + 4 * PAGE, 4) == 4);
    char text[5] = "";
    CHECK(pread(fd, text, 4, 4 * PAGE) == 4 && strcmp(text, "into") == 0);
    CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE) != 0 || mapped[103] == 0);
    pid_t child = forked();
    if (child == 0) {
        CHECK(pwrite(fd, "child", 5, 5 * PAGE) == 5);
        _exit(0);
    }
    reap(child, 0);
    CHECK(mapped[5 * PAGE] == 'c');
    puts("written both ways");
    return 0;
}
