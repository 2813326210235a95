/* A child that stops and continues: by SIGSTOP, by SIGTSTP's default action, by a handler that only sees SIGCONT. */
#include "check.h"
#include <signal.h>

static volatile int continued;
static int line[2], talk[2];

static void on_continue(int signal)
{
    continued += signal == SIGCONT;
    CHECK(write(talk[1], "c", 1) == 1);
}

int main(void)
{
    int status;
    char byte;
    siginfo_t info;
    CHECK(pipe(line) == 0 && pipe(talk) == 0);
    pid_t child = forked();
    if (child == 0) {
        CHECK(setpgid(0, 0) == 0); /* SIGTSTP does not stop an orphaned process group */
        struct sigaction action = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
        CHECK(sigaction(SIGCONT, &action, NULL) == 0);
        CHECK(write(talk[1], "r", 1) == 1 && read(line[0], &byte, 1) == 1);
        CHECK(continued == 2 && raise(SIGSTOP) == 0 && continued == 3);
        _exit(30 + continued);
    }
    CHECK(read(talk[0], &byte, 1) == 1);
    static const int stopping[] = {SIGSTOP, SIGTSTP};
    for (int i = 0; i < 2; i++) {
        CHECK(kill(child, stopping[i]) == 0);
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) && WSTOPSIG(status) == stopping[i]);
        CHECK(waitpid(child, &status, WUNTRACED | WNOHANG) == 0);
        CHECK(kill(child, SIGCONT) == 0);
        CHECK(waitid(P_PID, child, &info, WCONTINUED) == 0 && info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
        CHECK(read(talk[0], &byte, 1) == 1 && byte == 'c'); /* a stop would discard a SIGCONT that is still pending */
    }
    CHECK(write(line[1], "*", 1) == 1);
    CHECK(waitid(P_PID, child, &info, WSTOPPED) == 0 && info.si_code == CLD_STOPPED && info.si_status == SIGSTOP);
    CHECK(kill(child, SIGCONT) == 0);
    reap(child, 33 << 8);

    child = forked();
    if (child == 0)
        for (;;)
            pause();
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    CHECK(kill(child, SIGTERM) == 0 && waitpid(child, &status, WNOHANG) == 0); /* pending while it is stopped */
    CHECK(kill(child, SIGCONT) == 0);
    reap(child, SIGTERM);
    puts("stopped four times");
    return 0;
}
