/* process_vm_readv and writev, and /proc/PID/mem, between parent and child: memory that changes while its owner sleeps. */
#include "check.h"
#include <signal.h>
#include <sys/prctl.h>
#include <sys/uio.h>

static char here[20000];

int main(void)
{
    int line[2], back[2];
    char byte, name[40];
    CHECK(pipe(line) == 0 && pipe(back) == 0);
    pid_t child = forked();
    if (child == 0) {
        strcpy(here + 10000, "of the child");
        CHECK(prctl(PR_SET_PTRACER, getppid()) <= 0 && write(back[1], "*", 1) == 1 && read(line[0], &byte, 1) == 1);
        CHECK(strcmp(here, "from outside") == 0 && strcmp(here + 15000, "by proc") == 0);
        _exit(0);
    }
    CHECK(read(back[0], &byte, 1) == 1);
    char first[6], second[20] = "";
    struct iovec local[2] = {{first, 6}, {second, 6}}, remote = {here + 10000, 12};
    ssize_t got = process_vm_readv(child, local, 2, &remote, 1, 0);
    if (got < 0 && errno == EPERM)
        kill(child, SIGKILL);
    SKIP_UNLESS(got >= 0 || errno != EPERM, "process_vm_readv is refused, as by Docker");
    CHECK(got == 12);
    CHECK(memcmp(first, "of the", 6) == 0 && strcmp(second, " child") == 0);
    struct iovec text = {"from outside", 13}, target[2] = {{here, 4}, {here + 4, 9}};
    CHECK(process_vm_writev(child, &text, 1, target, 2, 0) == 13);
    sprintf(name, "/proc/%d/mem", child);
    int memory = open(name, O_RDWR);
    CHECK(memory >= 0 && pwrite(memory, "by proc", 8, (off_t)(here + 15000)) == 8);
    CHECK(write(line[1], "*", 1) == 1);
    reap(child, 0);

    int own = open("/proc/self/mem", O_RDWR);
    CHECK(own >= 0 && pwrite(own, "own memory", 11, (off_t)here) == 11 && strcmp(here, "own memory") == 0);
    static const char constant[] = "read-only";
    if (pwrite(own, "R", 1, (off_t)constant) == 1) /* a newer kernel may forbid it */
        CHECK(*(volatile const char *)constant == 'R');
    /* An offset of -1 is the file's position: pwritev2(2), Linux 4.6. */
    CHECK(lseek(own, (off_t)here, SEEK_SET) == (off_t)here);
    long written = syscall(SYS_pwritev2, own, &(struct iovec){"by position", 12}, 1, -1L, -1L, 0);
    CHECK(written == 12 ? strcmp(here, "by position") == 0 : written == -1);
    CHECK_FAILS(process_vm_readv(getpid(), local, 2, &(struct iovec){(void *)8, 12}, 1, 0), EFAULT);
    puts("across processes");
    return 0;
}
