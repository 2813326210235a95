/* SIGPIPE: handled, ignored (EPIPE is left), fatal; and the EPIPE of a socket without a signal. */
#include "check.h"
#include <signal.h>
#include <sys/socket.h>

static volatile int handled;

static void handler(int signal) { handled = signal; }

int main(void)
{
    int line[2], sockets[2];
    CHECK(pipe(line) == 0 && close(line[0]) == 0 && signal(SIGPIPE, handler) != SIG_ERR);
    CHECK_FAILS(write(line[1], "x", 1), EPIPE);
    CHECK(handled == SIGPIPE);
    handled = 0;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && close(sockets[0]) == 0);
    CHECK_FAILS(send(sockets[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK(handled == 0);
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    CHECK_FAILS(write(line[1], "x", 1), EPIPE);
    pid_t child = forked();
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        _exit(write(line[1], "x", 1) == 1);
    }
    reap(child, SIGPIPE);
    puts("nobody read it");
    return 0;
}
