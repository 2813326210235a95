/*
 * Reads and writes of many kinds, again and again: which of them were short, and that what POSIX promises is kept.
 * "pipe, large read: 17 of 200 short"; exits with 1 where a call was short that may not be.
 *
 * Used by: test_chaos
 */
#include "check.h"
#include <netinet/in.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <termios.h>

enum { TIMES = 200, SMALL = 64, LARGE = 20000 };

static char out[LARGE], in[LARGE];

/* The syscall itself: the kernel must see another count, and the program its own register. */
static ssize_t transfer(long number, int descriptor, const void *buffer, size_t count, long flags)
{
    ssize_t result;
    size_t count_after = count;
    register long r10 __asm__("r10") = flags;
    register long r8 __asm__("r8") = 0;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result), "+d"(count_after)
                     : "a"(number), "D"(descriptor), "S"(buffer), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    CHECK(count_after == count);
    return result;
}

struct way {
    const char *name;
    long write_call, write_flags;
    long read_call, read_flags;
    size_t written, asked;
    int may_write_less, may_read_less;
};

static void fill(void)
{
    for (int i = 0; i < LARGE; i++)
        out[i] = (char)(i * 31 % 127 + 1);
}

/* Writes and reads the same bytes, in as many calls as it takes. */
static void there_and_back(const struct way *way, int writer, int reader)
{
    int short_writes = 0, short_reads = 0;
    for (int i = 0; i < TIMES; i++) {
        size_t sent = 0, got = 0;
        memset(in, 0, sizeof in);
        while (sent < way->written) {
            ssize_t part = transfer(way->write_call, writer, out + sent, way->written - sent, way->write_flags);
            CHECK(part > 0);
            short_writes += (size_t)part < way->written - sent;
            sent += (size_t)part;
        }
        while (got < way->written) {
            size_t asked = got + way->asked <= LARGE ? way->asked : LARGE - got;
            size_t there = way->written - got < asked ? way->written - got : asked;
            ssize_t part = transfer(way->read_call, reader, in + got, asked, way->read_flags);
            CHECK(part > 0);
            short_reads += (size_t)part < there;
            got += (size_t)part;
        }
        CHECK(memcmp(in, out, way->written) == 0);
    }
    CHECK(way->may_write_less || !short_writes);
    CHECK(way->may_read_less || !short_reads);
    printf("%s: %s writes, %s reads short\n", way->name, short_writes ? "some" : "no", short_reads ? "some" : "no");
}

static void nonblocking(int descriptor)
{
    CHECK(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0);
}

static void pipes(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    there_and_back(&(struct way){"pipe of messages", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 0, 0}, ends[1], ends[0]);
    there_and_back(&(struct way){"pipe of a stream", SYS_write, 0, SYS_read, 0, LARGE, LARGE, 0, 1}, ends[1], ends[0]);
    nonblocking(ends[1]);
    there_and_back(&(struct way){"pipe of messages, without blocking", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 0, 0}, ends[1], ends[0]);
    there_and_back(&(struct way){"pipe of a stream, without blocking", SYS_write, 0, SYS_read, 0, LARGE, LARGE, 1, 1}, ends[1], ends[0]);
}

static void local_sockets(void)
{
    int stream[2], datagrams[2], packets[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream) == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams) == 0);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets) == 0);
    there_and_back(&(struct way){"stream", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 0, 1}, stream[0], stream[1]);
    there_and_back(&(struct way){"stream, sendto and recvfrom", SYS_sendto, 0, SYS_recvfrom, 0, LARGE, LARGE, 0, 1}, stream[0], stream[1]);
    there_and_back(&(struct way){"stream, MSG_DONTWAIT", SYS_sendto, MSG_DONTWAIT, SYS_recvfrom, 0, LARGE, LARGE, 1, 1}, stream[0], stream[1]);
    there_and_back(&(struct way){"stream, MSG_WAITALL", SYS_sendto, 0, SYS_recvfrom, MSG_WAITALL, SMALL, SMALL, 0, 0}, stream[0], stream[1]);
    there_and_back(&(struct way){"datagrams", SYS_sendto, MSG_DONTWAIT, SYS_recvfrom, 0, SMALL, LARGE, 0, 0}, datagrams[0], datagrams[1]);
    there_and_back(&(struct way){"packets", SYS_sendto, MSG_DONTWAIT, SYS_read, 0, SMALL, LARGE, 0, 0}, packets[0], packets[1]);
}

static void tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server;
    CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0 && (server = accept(listener, NULL, NULL)) >= 0);
    there_and_back(&(struct way){"TCP", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 0, 1}, client, server);
    nonblocking(client);
    there_and_back(&(struct way){"TCP, without blocking", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 1, 1}, client, server);
}

static void terminals(void)
{
    int master, slave;
    struct termios raw;
    CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0 && tcgetattr(slave, &raw) == 0);
    raw.c_lflag &= ~(tcflag_t)ECHO;
    CHECK(tcsetattr(slave, TCSANOW, &raw) == 0);
    memcpy(out, "a line of text that was typed and ends here, at column fifty-nine\n", SMALL);
    out[SMALL - 1] = '\n';
    there_and_back(&(struct way){"terminal, lines", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 0, 0}, master, slave);
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
    CHECK(tcsetattr(slave, TCSANOW, &raw) == 0);
    there_and_back(&(struct way){"terminal, bytes", SYS_write, 0, SYS_read, 0, SMALL, SMALL, 0, 1}, master, slave);
}

static void files(void)
{
    char name[] = "/tmp/short_transfersXXXXXX";
    int writer = mkstemp(name), reader = open(name, O_RDONLY);
    CHECK(writer >= 0 && reader >= 0 && unlink(name) == 0);
    there_and_back(&(struct way){"file", SYS_write, 0, SYS_read, 0, LARGE, LARGE, 0, 0}, writer, reader);
}

static void vectors(void)
{
    int stream[2], some = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, stream) == 0);
    for (int i = 0; i < TIMES; i++) {
        struct iovec pieces[] = {{in, 10}, {in + 10, 10}, {in + 20, 10}};
        memset(in, 0, 30);
        CHECK(write(stream[0], out, 30) == 30);
        ssize_t got = transfer(SYS_readv, stream[1], pieces, 3, 0);
        CHECK(got == 10 || got == 20 || got == 30);
        some |= got < 30;
        while (got < 30) {
            ssize_t part = read(stream[1], in + got, 30 - (size_t)got);
            CHECK(part > 0);
            got += part;
        }
        CHECK(memcmp(in, out, 30) == 0);
    }
    printf("vectors: no writes, %s reads short\n", some ? "some" : "no");
}

int main(void)
{
    fill();
    pipes();
    local_sockets();
    tcp();
    files();
    vectors();
    terminals();
    return 0;
}
