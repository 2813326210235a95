/* Buffers that are bad, or good only in part: EFAULT, or a short read up to the edge; the recorder must survive both. */
#include "check.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

/* volatile: the compiler knows as well as the kernel that nothing is there. */
static void *volatile nowhere = (void *)8;

int main(void)
{
    char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int file = open("/proc/self/exe", O_RDONLY), line[2];
    CHECK(munmap(edge + 4096, 4096) == 0 && pipe(line) == 0);
    CHECK_FAILS(read(file, nowhere, 100), EFAULT);
    ssize_t part = read(file, edge + 4000, 8000);
    CHECK(part == 96 || (part == -1 && errno == EFAULT));
    part = write(line[1], edge + 4090, 100);
    CHECK(part == 6 || (part == -1 && errno == EFAULT));
    CHECK_FAILS(fstat(file, (struct stat *)(edge + 4090)), EFAULT);
    CHECK_FAILS(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8), EFAULT);
    /* Calls that the recorder answers itself. */
    CHECK_FAILS(syscall(SYS_sched_getaffinity, 0, 128, nowhere), EFAULT);
    CHECK_FAILS(prctl(PR_GET_TSC, nowhere), EFAULT);
    CHECK_FAILS(pipe(nowhere), EFAULT);
    CHECK_FAILS(open(nowhere, O_RDONLY), EFAULT);
    CHECK_FAILS(recvmsg(line[0], nowhere, 0), ENOTSOCK);
    CHECK_FAILS(syscall(SYS_getcwd, edge, 0), ERANGE);
    CHECK_FAILS(syscall(SYS_wait4, -1, 8, 0, 8), ECHILD);
    memset(edge, 'n', 4096); /* a path that is not terminated before the edge */
    CHECK_FAILS(open(edge + 4000, O_RDONLY), EFAULT);
    CHECK(mprotect(edge, 4096, PROT_READ) == 0);
    CHECK_FAILS(read(file, edge, 10), EFAULT);
    CHECK(mprotect(edge, 4096, PROT_NONE) == 0);
    CHECK_FAILS(write(line[1], edge, 10), EFAULT);
    puts("nothing fell over");
    return 0;
}
