/* Commands of multiplexed syscalls, each more than once and in turn: what they write differs each time, and from command
 * to command. */
#include "check.h"

#include <linux/futex.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/sem.h>

static long futex(uint32_t *word, int operation, uint32_t value, const struct timespec *time)
{
    return syscall(SYS_futex, word, operation, value, time, NULL, -1);
}

static void locks(int file, int other, int round)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10 * round, .l_len = 5};
    if (fcntl(file, F_OFD_SETLK, &lock)) {
        /* They came with Linux 3.15. */
        CHECK(errno == EINVAL);
        return;
    }
    struct flock asked = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1000};
    CHECK(fcntl(other, F_OFD_GETLK, &asked) == 0);
    printf("locked from %ld, %ld long, by %d\n", (long)asked.l_start, (long)asked.l_len, asked.l_pid);
    struct flock own = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1000};
    CHECK(fcntl(file, F_GETLK, &own) == 0);
    printf("%d: %ld\n", own.l_type, (long)own.l_start);
    lock.l_type = F_UNLCK;
    CHECK(fcntl(file, F_OFD_SETLK, &lock) == 0);
}

static void flags(int descriptor, int round)
{
    CHECK(fcntl(descriptor, F_SETFL, round % 2 ? O_NONBLOCK : 0) == 0);
    printf("flags %#x, of the descriptor %d\n", (unsigned)fcntl(descriptor, F_GETFL), fcntl(descriptor, F_GETFD));
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 100 + round);
    CHECK(copy >= 100 + round && fcntl(copy, F_GETFD) == FD_CLOEXEC && close(copy) == 0);
}

static void readable(const int *pipe_ends, int round)
{
    int waiting = -1;
    CHECK(write(pipe_ends[1], "bytes", 1 + (size_t)round) == 1 + round);
    CHECK(ioctl(pipe_ends[0], FIONREAD, &waiting) == 0);
    struct winsize size = {0};
    CHECK_FAILS(ioctl(pipe_ends[0], TIOCGWINSZ, &size), ENOTTY);
    int on = round % 2;
    CHECK(ioctl(pipe_ends[0], FIONBIO, &on) == 0);
    printf("%d bytes wait\n", waiting);
}

static void futexes(int round)
{
    static uint32_t word;
    struct timespec soon = {0, 1000 + round};
    word = (uint32_t)round;
    CHECK(futex(&word, FUTEX_WAKE, 1, NULL) == 0);
    CHECK(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL) == 0);
    CHECK_FAILS(futex(&word, FUTEX_WAIT, (uint32_t)round + 1, NULL), EAGAIN);
    CHECK_FAILS(futex(&word, FUTEX_WAIT_PRIVATE, (uint32_t)round, &soon), ETIMEDOUT);
    CHECK_FAILS(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, (uint32_t)round, &soon), ETIMEDOUT);
    word = 0;
    CHECK(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL) == 0);
    CHECK(word == (uint32_t)syscall(SYS_gettid));
    CHECK_FAILS(futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL), EDEADLK);
    CHECK(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL) == 0);
    printf("the word is %u\n", word);
}

static void semaphores(int set, int round)
{
    union {
        int value;
        struct semid_ds *about;
    } argument = {.value = round * 3};
    CHECK(semctl(set, 0, SETVAL, argument) == 0);
    struct semid_ds about;
    argument.about = &about;
    CHECK(semctl(set, 0, IPC_STAT, argument) == 0);
    printf("value %d, of %lu, changed by %d\n", semctl(set, 0, GETVAL), (unsigned long)about.sem_nsems,
           semctl(set, 0, GETPID) == getpid());
}

int main(void)
{
    char name[] = "commands-XXXXXX";
    int file = mkstemp(name), pipe_ends[2];
    CHECK(file >= 0);
    int other = open(name, O_RDWR);
    CHECK(other >= 0 && unlink(name) == 0 && pipe(pipe_ends) == 0);
    int set = semget(IPC_PRIVATE, 1, 0600);
    CHECK(set >= 0);
    for (int round = 0; round < 4; round++) {
        locks(file, other, round);
        flags(pipe_ends[0], round);
        readable(pipe_ends, round);
        futexes(round);
        semaphores(set, round);
    }
    CHECK(semctl(set, 0, IPC_RMID) == 0);
    return 0;
}
