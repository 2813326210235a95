/* One blocking call after the other, each ended by a child that gets its turn only because the parent blocks. */
#include "check.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int *word, line[2], sockets[2], semaphores, queue, locked, ranged;
static char fifo[] = "/tmp/fifoXXXXXX";

static void other_side(void)
{
    struct sembuf up = {0, 1, 0};
    struct {
        long type;
        char text[8];
    } message = {7, "message"};
    struct flock range = {.l_type = F_WRLCK};
    CHECK(flock(locked, LOCK_EX) == 0 && fcntl(ranged, F_SETLK, &range) == 0 && write(line[1], "0", 1) == 1);
    usleep(5000);
    CHECK(flock(locked, LOCK_UN) == 0);
    usleep(5000);
    range.l_type = F_UNLCK;
    CHECK(fcntl(ranged, F_SETLK, &range) == 0);
    usleep(5000);
    *word = 1;
    CHECK(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL) >= 0);
    usleep(5000);
    CHECK(semop(semaphores, &up, 1) == 0);
    usleep(5000);
    CHECK(msgsnd(queue, &message, sizeof message.text, 0) == 0);
    for (int i = 0; i < 3; i++) { /* poll, select, epoll_wait */
        usleep(5000);
        CHECK(write(line[1], "1", 1) == 1);
    }
    usleep(5000);
    CHECK(send(sockets[1], "datagram", 8, 0) == 8);
    int written = open(fifo, O_WRONLY);
    CHECK(written >= 0 && write(written, "f", 1) == 1);
    _exit(0);
}

int main(void)
{
    char text[20];
    struct sembuf down = {0, -1, 0};
    struct {
        long type;
        char text[8];
    } message;
    struct flock range = {.l_type = F_WRLCK};
    int epoll = epoll_create1(0);
    word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(pipe(line) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) == 0);
    semaphores = semget(IPC_PRIVATE, 1, 0600);
    queue = msgget(IPC_PRIVATE, 0600);
    CHECK(semaphores >= 0 && queue >= 0 && mkstemp(fifo) >= 0 && unlink(fifo) == 0 && mkfifo(fifo, 0600) == 0);
    locked = open("/proc/self/exe", O_RDONLY);
    ranged = nameless_file();

    pid_t child = forked();
    if (child == 0) {
        locked = open("/proc/self/exe", O_RDONLY);
        other_side();
    }
    CHECK(read(line[0], text, 1) == 1);
    CHECK(flock(locked, LOCK_EX) == 0);
    CHECK(fcntl(ranged, F_SETLKW, &range) == 0);
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0)
        CHECK(syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL) == 0 || errno == EAGAIN);
    CHECK(semop(semaphores, &down, 1) == 0);
    CHECK(msgrcv(queue, &message, sizeof message.text, 0, 0) == 8 && message.type == 7 && strcmp(message.text, "message") == 0);
    CHECK(poll(&(struct pollfd){.fd = line[0], .events = POLLIN}, 1, -1) == 1 && read(line[0], text, 1) == 1);
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(line[0], &readable);
    CHECK(select(line[0] + 1, &readable, NULL, NULL, NULL) == 1 && FD_ISSET(line[0], &readable) && read(line[0], text, 1) == 1);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x1234567890};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, line[0], &event) == 0 && epoll_wait(epoll, &event, 1, -1) == 1);
    CHECK(event.data.u64 == 0x1234567890 && read(line[0], text, 1) == 1);
    CHECK(recv(sockets[0], text, sizeof text, 0) == 8 && memcmp(text, "datagram", 8) == 0);
    int named = open(fifo, O_RDONLY);
    CHECK(named >= 0 && read(named, text, 1) == 1 && text[0] == 'f');
    reap(child, 0);
    CHECK(semctl(semaphores, 0, IPC_RMID) == 0 && msgctl(queue, IPC_RMID, NULL) == 0 && unlink(fifo) == 0);
    puts("nothing blocked for ever");
    return 0;
}
