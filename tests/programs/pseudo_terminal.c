/* A pseudo-terminal: termios, window size, line discipline, the child's controlling terminal, SIGWINCH and an interrupt key. */
#include "check.h"
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

static volatile int interrupts, winches;

static void handler(int signal)
{
    interrupts += signal == SIGINT;
    winches += signal == SIGWINCH;
}

int main(void)
{
    struct termios settings, same;
    struct winsize size = {.ws_row = 50, .ws_col = 132}, seen;
    int master = posix_openpt(O_RDWR | O_NOCTTY), ready[2], value;
    char byte, text[200], name[100];
    SKIP_UNLESS(master >= 0, "no pseudo-terminals");
    CHECK(grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, sizeof name) == 0 && pipe(ready) == 0);
    CHECK(ioctl(master, TIOCSWINSZ, &size) == 0);
    pid_t child = forked();
    if (child == 0) {
        struct sigaction action = {.sa_handler = handler};
        sigset_t winch;
        sigemptyset(&winch);
        sigaddset(&winch, SIGWINCH);
        CHECK(sigprocmask(SIG_BLOCK, &winch, NULL) == 0);
        CHECK(sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGWINCH, &action, NULL) == 0 && setsid() == getpid());
        int terminal = open(name, O_RDWR); /* becomes the controlling one */
        CHECK(isatty(terminal) && tcgetpgrp(terminal) == getpid() && ioctl(terminal, TIOCGWINSZ, &seen) == 0 && seen.ws_col == 132);
        CHECK(write(ready[1], "*", 1) == 1);
        CHECK(read(terminal, text, sizeof text) == 6 && memcmp(text, "hello\n", 6) == 0);
        CHECK(write(terminal, "answer\n", 7) == 7);
        while (!interrupts)
            CHECK_FAILS(read(terminal, text, sizeof text), EINTR);
        CHECK(write(ready[1], "*", 1) == 1);
        sigset_t none;
        sigemptyset(&none);
        while (!winches)
            sigsuspend(&none);
        _exit(9);
    }
    CHECK(read(ready[0], &byte, 1) == 1 && tcgetattr(master, &settings) == 0 && settings.c_lflag & ICANON);
    CHECK(ioctl(master, TCGETS, &same) == 0 && same.c_cc[VINTR] == 3 && ioctl(master, TIOCGPTN, &value) == 0);
    settings.c_lflag &= ~ECHO;
    CHECK(tcsetattr(master, TCSANOW, &settings) == 0 && write(master, "hello\n", 6) == 6);
    for (int got = 0, more; got < 8; got += more) /* "answer" and the processed "\n" may come one by one */
        CHECK((more = read(master, text + got, sizeof text - got)) > 0);
    CHECK(memcmp(text, "answer\r\n", 8) == 0);
    usleep(10000);
    CHECK(write(master, "\3", 1) == 1 && read(ready[0], &byte, 1) == 1);
    size.ws_row = 51;
    CHECK(ioctl(master, TIOCSWINSZ, &size) == 0);
    reap(child, 9 << 8);
    puts("on a terminal");
    return 0;
}
