/* readv, preadv, preadv2, writev and pwritev: many pieces, empty ones, short results that end within a piece, bad pointers half-way. */
#include "check.h"
#include <sys/uio.h>

/* volatile: the compiler knows as well as the kernel that they are wrong. */
static void *volatile nowhere = (void *)8;
static volatile int too_many = 5000;

int main(void)
{
    static char first[5], second[7], third[100];
    int line[2], file = open("/proc/self/exe", O_RDONLY);
    CHECK(pipe(line) == 0 && file >= 0);
    struct iovec pieces[] = {{first, 5}, {NULL, 0}, {second, 7}, {third, 100}};
    CHECK(writev(line[1], (struct iovec[]){{"twelve ", 7}, {"letters and more", 16}}, 2) == 23);
    CHECK(readv(line[0], pieces, 4) == 23);
    CHECK(memcmp(first, "twelv", 5) == 0 && memcmp(second, "e lette", 7) == 0 && strcmp(third, "rs and more") == 0);
    CHECK(write(line[1], "sixsix", 6) == 6 && readv(line[0], pieces, 4) == 6);
    CHECK(memcmp(first, "sixsi", 5) == 0 && second[0] == 'x' && second[1] == ' ');
    CHECK(preadv(file, pieces, 4, 1) == 112 && memcmp(first, "ELF", 3) == 0);
    CHECK(preadv2(file, pieces, 3, 0, 0) == 12 && memcmp(first, "\177ELF", 4) == 0);
    CHECK(lseek(file, 0, SEEK_SET) == 0 && preadv2(file, pieces, 1, -1, 0) == 5 && lseek(file, 0, SEEK_CUR) == 5);
    pieces[2].iov_base = (void *)8;
    CHECK(write(line[1], "0123456789", 10) == 10);
    ssize_t result = readv(line[0], pieces, 4);
    CHECK((result == 5 || (result == -1 && errno == EFAULT)) && memcmp(first, "01234", 5) == 0);
    CHECK_FAILS(readv(line[0], pieces, too_many), EINVAL);
    CHECK_FAILS(readv(line[0], nowhere, 1), EFAULT);
    CHECK_FAILS(read(open("/", O_RDONLY | O_DIRECTORY), first, 5), EISDIR);
    puts("in pieces");
    return 0;
}
