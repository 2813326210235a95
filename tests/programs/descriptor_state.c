/* fcntl's many commands: locks and who holds them, owners, pipe sizes, leases, duplicate flags, lseek's data and holes. */
#include "check.h"
#include <signal.h>

int main(void)
{
    char name[] = "/tmp/lockedXXXXXX";
    int file = mkstemp(name), line[2];
    struct flock lock = {.l_type = F_WRLCK, .l_start = 10, .l_len = 5};
    CHECK(file >= 0 && unlink(name) == 0 && pipe2(line, O_CLOEXEC | O_NONBLOCK) == 0);
    CHECK(fcntl(file, F_SETLK, &lock) == 0);
    pid_t parent = getpid(), child = forked();
    if (child == 0) {
        struct flock seen = {.l_type = F_RDLCK, .l_start = 0, .l_len = 100};
        CHECK(fcntl(file, F_GETLK, &seen) == 0 && seen.l_type == F_WRLCK && seen.l_start == 10 && seen.l_pid == parent);
        CHECK_FAILS(fcntl(file, F_SETLK, &lock), EAGAIN);
        _exit(0);
    }
    reap(child, 0);
    struct f_owner_ex owner = {F_OWNER_PID, getpid()}, back;
    CHECK(fcntl(line[0], F_SETOWN_EX, &owner) == 0 && fcntl(line[0], F_GETOWN_EX, &back) == 0 && back.pid == getpid());
    CHECK(fcntl(line[0], F_SETSIG, SIGUSR1) == 0 && fcntl(line[0], F_GETSIG) == SIGUSR1);
    CHECK(fcntl(line[0], F_GETFD) == FD_CLOEXEC && fcntl(line[0], F_GETFL) == O_NONBLOCK);
    CHECK(fcntl(line[1], F_SETPIPE_SZ, 8192) >= 8192 && fcntl(line[0], F_GETPIPE_SZ) >= 8192);
    CHECK(fcntl(file, F_DUPFD_CLOEXEC, 77) == 77 && dup3(file, 80, O_CLOEXEC) == 80);
    CHECK_FAILS(dup3(file, file, 0), EINVAL);
    CHECK(pwrite(file, "x", 1, 1 << 20) == 1 && lseek(file, 0, SEEK_END) == (1 << 20) + 1);
    CHECK(lseek(file, 0, SEEK_DATA) <= 1 << 20 && lseek(file, -1, SEEK_END) == 1 << 20);
    CHECK_FAILS(lseek(line[0], 0, SEEK_CUR), ESPIPE);
    puts("descriptors");
    return 0;
}
