/* A memfd shared by fork and by a descriptor sent over a socket; sealed afterwards. */
#include "check.h"
#include <sys/mman.h>
#include <sys/socket.h>

int main(void)
{
    int sockets[2], memory = memfd_create("shared", MFD_ALLOW_SEALING);
    SKIP_UNLESS(memory >= 0 || errno != ENOSYS, "no memfd_create");
    CHECK(memory >= 0 && ftruncate(memory, 8192) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
    volatile char *mapped = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    pid_t child = forked();
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    if (child == 0) {
        close(memory);
        CHECK(munmap((void *)mapped, 8192) == 0 && recvmsg(sockets[1], &message, 0) == 1);
        int received;
        memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
        volatile char *own = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, received, 0);
        CHECK(own != MAP_FAILED && own[4096] == 'p');
        own[4097] = 'c';
        _exit(0);
    }
    mapped[4096] = 'p';
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){CMSG_LEN(sizeof memory), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &memory, sizeof memory);
    CHECK(sendmsg(sockets[0], &message, 0) == 1);
    reap(child, 0);
    CHECK(mapped[4097] == 'c');
    CHECK_FAILS(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    CHECK(munmap((void *)mapped, 8192) == 0 && fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) == 0);
    CHECK(fcntl(memory, F_GET_SEALS) == F_SEAL_WRITE);
    CHECK_FAILS(pwrite(memory, "x", 1, 0), EPERM);
    mapped = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, memory, 0);
    CHECK(mapped != MAP_FAILED && mapped[4097] == 'c');
    puts("one memfd");
    return 0;
}
