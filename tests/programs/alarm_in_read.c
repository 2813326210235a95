/* SIGALRM while read blocks: EINTR without SA_RESTART; with it, read goes on until a child writes. */
#include "check.h"
#include <signal.h>
#include <sys/time.h>

static volatile int alarms;

static void handler(int signal) { alarms += signal == SIGALRM; }

int main(void)
{
    struct itimerval soon = {.it_value.tv_usec = 20000};
    struct sigaction action = {.sa_handler = handler};
    int line[2];
    char byte;
    CHECK(pipe(line) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    CHECK_FAILS(read(line[0], &byte, 1), EINTR);
    CHECK(alarms == 1);

    action.sa_flags = SA_RESTART;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    soon.it_interval.tv_usec = 20000; /* again and again: several restarts */
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    pid_t child = forked();
    if (child == 0) {
        usleep(90000);
        _exit(write(line[1], "b", 1) != 1);
    }
    CHECK(read(line[0], &byte, 1) == 1 && byte == 'b' && alarms >= 2);
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL) == 0);
    reap(child, 0);
    puts("interrupted and restarted");
    return 0;
}
